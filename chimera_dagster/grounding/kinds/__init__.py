"""One module a kind of claim: each finds its claims in a clause and executes them on the evidence."""
