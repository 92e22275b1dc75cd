"""Which engine runs a model. To add an engine, see CONTRIBUTING.md."""

import os
from collections.abc import Callable
from typing import NamedTuple

from chimera_dagster.engines.base import Engine, ModelInfo
from chimera_dagster.engines.differences import differences
from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.engines.model_sources.catalogue import CATALOGUE
from chimera_dagster.engines.models import locate
from chimera_dagster.engines.ollama import OllamaEngine, same_model
from chimera_dagster.engines.openai import OpenAIEngine
from chimera_dagster.engines.patience import OnNotice, Outage, Patience
from chimera_dagster.errors import ChimeraError, EngineUnreachableError, ModelNotFoundError
from chimera_dagster.spec.engine_names import EngineChoice, EngineName

_FILES = "the embedded engine reads any model as file:/path/model.gguf"

_FIRST_MODEL: dict[EngineName, str] = {
    "ollama": "run 'ollama pull qwen2.5-coder:1.5b'",
    "embedded": "run 'chimera models get qwen2.5-coder:1.5b'",
    "openai": "start it with one",
}


class Resolved(NamedTuple):
    """The engine for a model, its version, what it knows about the model, and why it was chosen."""

    engine: Engine
    info: ModelInfo
    reason: str
    version: str


class EngineStatus(NamedTuple):
    """One engine as `chimera doctor` shows it; `detail` is its version, or the problem if it does not answer."""

    name: str
    answers: bool
    detail: str
    models: list[str]
    hint: str


class Engines:
    """One engine of each kind, created when first used and kept.

    `on_notice` is told what a user should see at once, such as that a server is waited for.
    """

    def __init__(self, host: str | None = None, on_notice: OnNotice = lambda line: None) -> None:
        """`host` of Ollama as in OLLAMA_HOST, which is read if it is None."""
        self.on_notice = on_notice
        self._outage = Outage()
        self._makers: dict[EngineName, Callable[[], Engine]] = {
            "ollama": lambda: OllamaEngine(host),
            "embedded": EmbeddedEngine,
            "openai": OpenAIEngine,
        }
        self._made: dict[EngineName, Engine] = {}
        self._chosen: dict[str, tuple[EngineName, str]] = {}
        self._known: dict[str, ModelInfo] = {}  # what a server said of each model

    def patience(self, wait_s: float) -> Patience:
        """How the requests of a trial wait for its server; all trials of this process share what they learn of it."""
        return Patience(wait_s, self._notify, self._outage)

    def resolve(self, choice: EngineChoice, model: str) -> Resolved:
        """The engine for `model`. `auto` is Ollama if it answers and has the model, else the embedded engine.

        It is never `openai`: that server may be anywhere, and its model is chosen when it starts.

        `auto` keeps its first choice: a sweep must not change engines because a server was started or stopped.
        Raises ModelNotFoundError, ModelFileError, EngineUnreachableError or SettingError.
        """
        if choice == "auto":
            if model not in self._chosen:
                self._chosen[model] = self._choose(model)
            name, reason = self._chosen[model]
        elif choice == "ollama" and model.startswith("file:"):
            raise ModelNotFoundError(f"Ollama does not read {model}.", hint=f"Set engine: embedded; {_FILES}.")
        else:
            name, reason = choice, f"{choice}: requested"
        engine = self._engine(name)
        info = engine.describe(model)
        if name != "embedded":
            found = differences(info, self._known.get(model))
            reason = "; ".join([f"{_place(engine)} has {model}", *found])
            if found and self._known.get(model) != info:
                self._notify(f"{reason}.")
            self._known[model] = info
        return Resolved(engine, info, reason, engine.version())

    def survey(self) -> list[EngineStatus]:
        """The state of every engine; one that is down or misconfigured is an entry, not an error.

        `openai` is listed only if OPENAI_BASE_URL is set: it has no default address.
        """
        return [self._status(name) for name in self._makers if name != "openai" or os.environ.get("OPENAI_BASE_URL")]

    def close(self) -> None:
        """Release models and connections of the engines that were used."""
        for engine in self._made.values():
            engine.close()

    def _notify(self, line: str) -> None:
        self.on_notice(line)  # looked up now: it may be set after a trial has begun

    def _engine(self, name: EngineName) -> Engine:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def _choose(self, model: str) -> tuple[EngineName, str]:
        if model.startswith("file:"):
            return "embedded", "embedded: only this engine reads model files"
        ollama = self._engine("ollama")
        try:
            available = ollama.models()
        except EngineUnreachableError as error:
            why = error.message[0].lower() + error.message[1:].rstrip(".")
            pull = f"{error.hint} Then run 'ollama pull {model}'."
        else:
            if any(same_model(tag, model) for tag in available):
                return "ollama", ""
            why = f"{_place(ollama)} has no {model}"
            pull = f"Run 'ollama pull {model}'; Ollama has {', '.join(available) or 'no model yet'}."
        if locate(model) is None:
            own = ", ".join(self._engine("embedded").models())
            get = f"Run 'chimera models get {model}'. Or: {pull}" if model in CATALOGUE else pull
            raise ModelNotFoundError(
                f"No engine has the model {model!r}: {why}; the embedded engine has {own or 'no model yet'}.",
                hint=f"{get} Or use a file: {_FILES}.",
            )
        return "embedded", f"embedded: {why}"

    def _status(self, name: EngineName) -> EngineStatus:
        try:
            engine = self._engine(name)
            version, models = engine.version(), engine.models()
        except ChimeraError as error:
            return EngineStatus(name, False, error.message, [], error.hint)
        detail = f"{version} at {engine.url}" if isinstance(engine, OllamaEngine | OpenAIEngine) else version
        return EngineStatus(name, True, detail, models, "" if models else f"It has no model yet; {_FIRST_MODEL[name]}.")


def import_client() -> None:
    """Import what a call to a server needs, which takes 0.4 s, while there is time; no server is contacted."""
    from chimera_dagster.engines.ollama_http import open_session

    open_session("http://127.0.0.1:11434").close()


def _place(engine: Engine) -> str:
    if isinstance(engine, OllamaEngine):
        return f"Ollama at {engine.url}"
    return f"OpenAI-compatible server at {engine.url}" if isinstance(engine, OpenAIEngine) else engine.name
