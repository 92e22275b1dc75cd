"""What `chimera ui` becomes: 'dagster dev' with the guarded webserver. Run as a program, with arguments of 'dev'."""

from chimera_dagster.orchestration.internals.dev import run_dev

if __name__ == "__main__":
    run_dev("chimera_dagster.orchestration.webserver")
