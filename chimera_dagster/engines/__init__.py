"""Everything that talks to a model. One file per engine; `registry` lists them."""
