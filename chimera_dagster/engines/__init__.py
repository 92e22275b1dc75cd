"""Everything that talks to a model. `base` says what an engine is, `registry` lists the engines."""
