"""One rule a file: each finds claims of one form in a clause, and executes them on the folder.

A rule takes what it has judged (`clause.use`), so that no other one judges it again. A rule contradicts only what it
has read in full; whatever it can't bind to a metric, a model and a scope, it says so.
"""
