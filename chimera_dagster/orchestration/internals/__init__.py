"""Every private name of Dagster that this project imports, here and nowhere else, each with its reason.

`execution` serves the executor, `backfills` serves `chimera sweep --daemon`, and `sqlite` serves the storage that
dagster.yaml names. tests/unit/orchestration/internals/test_private_names.py has a case for each name: if an upgrade of
Dagster moves or changes one, that case fails and says who uses the name.
"""
