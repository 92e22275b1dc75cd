"""The CHIMERA_* environment variables: where things are, and what Dagster's daemon does by itself. Read when used."""

import os
from io import StringIO
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from chimera_dagster.errors import SettingError
from chimera_dagster.files.opening import check_name, read_text
from chimera_dagster.text.foreign import shown


def _usable(path: Path) -> Path:
    check_name(path)
    return path


Place = Annotated[Path, AfterValidator(_usable)]


class Settings(BaseSettings):
    """Folders, files and lanes of one project; relative paths are relative to the working directory.

    `gpus` is `auto` or a list of indices and UUIDs, `ollama_endpoints` has an address for each; both use commas
    (see `gpu/lanes.py`).
    """

    model_config = SettingsConfigDict(env_prefix="CHIMERA_", frozen=True)

    data_dir: Place = Path("data")
    reports_dir: Place | None = None
    spec: Place = Path("sweep.yaml")
    vocabulary: Place | None = None
    """Names that the benchmark files use; None: what the sweep file names, or vocabulary.yaml beside it."""
    gpus: str = "auto"
    ollama_endpoints: str = ""
    processes_per_gpu: int = 1
    leases_dir: Place | None = None
    trial_retries: Annotated[int, Field(ge=0, le=100)] = 2
    """How often Dagster's daemon retries a failed trial; 0: never."""
    ui_hosts: str = ""
    """More names under which a browser may open the UI, such as that of a proxy; separated by commas."""
    auto_refresh: bool = False
    """Whether Dagster's daemon runs trials again when the data of their reports has changed."""

    @property
    def ui_names(self) -> list[str]:
        """The names in `ui_hosts`."""
        return [name.strip() for name in self.ui_hosts.split(",") if name.strip()]

    @property
    def reports(self) -> Path:
        """The folder of benchmark results; `reports` in the data folder unless CHIMERA_REPORTS_DIR says otherwise."""
        return self.reports_dir or self.data_dir / "reports"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance folder, absolute: DAGSTER_HOME if it is set, else one in the data folder."""
        return Path(os.environ.get("DAGSTER_HOME") or self.data_dir / "dagster_home").absolute()


_OPTIONS = {"reports_dir": "The reports folder", "spec": "--spec"}


def load_settings(**overrides: Path | None) -> Settings:
    """Settings from the environment; an override that is not None wins. Raises SettingError."""
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # pyright: ignore[reportArgumentType]: values are Paths, fields are Paths
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        name = _OPTIONS[field] if overrides.get(field) is not None else f"CHIMERA_{field.upper()}"
        raise SettingError(f"{name}: {first['msg'].removeprefix('Value error, ')}.") from error


def check_dagster_home() -> None:
    """Raise SettingError if DAGSTER_HOME, in the environment or in `.env`, names a folder that does not exist.

    `.env` counts because Dagster's own commands read it from the working directory, before the environment.
    """
    from dotenv import dotenv_values

    home = os.environ.get("DAGSTER_HOME")
    if home and not _is_folder(home):
        raise SettingError(
            f"DAGSTER_HOME names the folder {shown(home)}, which does not exist.",
            hint="Run 'unset DAGSTER_HOME' to use the one in the data folder, or create that folder.",
        )
    home = dotenv_values(stream=StringIO(_env_file())).get("DAGSTER_HOME")
    if home and not _is_folder(home):
        raise SettingError(
            f".env sets DAGSTER_HOME to the folder {shown(home)}, which does not exist.",
            hint="Remove that line, or delete .env and run 'make setup', which writes it again.",
        )


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # a name that is too long, or a folder that can't be searched
        return False


def _env_file() -> str:
    """The content of `.env`, which Dagster opens too; empty if there is none, or a folder of that name."""
    path = Path(".env")
    try:
        return "" if path.is_dir() else read_text(path)
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingError(f"{path.absolute()} can't be read: {why}.", hint="Move it away.") from error
