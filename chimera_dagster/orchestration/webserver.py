"""The webserver of `chimera ui`: Dagster's, behind `UiGuard`. Run as a program, with the arguments of Dagster's."""

from chimera_dagster.orchestration.internals.webserver import run_webserver
from chimera_dagster.orchestration.ui_guard import LOCAL_NAMES, UiGuard
from chimera_dagster.settings import load_settings

if __name__ == "__main__":
    names = [*LOCAL_NAMES, *load_settings().ui_names]
    run_webserver(lambda app: UiGuard(app, names))
