"""A running Ollama server, through its official client."""

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chimera_dagster.engines.base import ModelInfo, Request, Stream, pump
from chimera_dagster.engines.ollama_host import server_url
from chimera_dagster.engines.ollama_keep_alive import KeepAlive, seconds_left
from chimera_dagster.engines.patience import Patience
from chimera_dagster.errors import EngineError, ModelNotFoundError, RequestRefusedError

if TYPE_CHECKING:
    from ollama import ProcessResponse

    from chimera_dagster.engines.ollama_http import Session


_PLACEMENT_WAIT_S = 1.0  # a server that was restarted meanwhile no longer knows what the call had
_MOST_TOKENS = 1 << 31  # of a context, or layers of a model; what is larger is not believed


class OllamaEngine:
    """Calls may run at the same time, each on its own connection; the server decides which of them wait."""

    name = "ollama"
    caches_prompts = True

    def __init__(self, host: str | None = None) -> None:
        """`host` as in OLLAMA_HOST, which is read if it is None. Raises SettingError if it is malformed."""
        from chimera_dagster.engines import http, ollama_http  # httpx is imported only if an engine is used

        self.url = server_url(os.environ.get("OLLAMA_HOST") if host is None else host)
        self._pool = http.Pool(lambda: ollama_http.open_session(self.url))
        self._keep_alive = KeepAlive()

    def version(self) -> str:
        with self._session() as session:
            return f"ollama {session.http.get('/api/version').json()['version']}"

    def models(self) -> list[str]:
        with self._session() as session:
            return sorted(model.model for model in session.client.list().models if model.model)

    def describe(self, model: str) -> ModelInfo:
        try:
            with self._session() as session:
                shown = session.client.show(model)
                listed = session.client.list().models
        except ModelNotFoundError as error:
            raise self._not_found(model) from error
        capabilities = None if shown.capabilities is None else tuple(shown.capabilities)
        if capabilities and "completion" not in capabilities:
            raise RequestRefusedError(
                f"{model} can't generate text: its capabilities in Ollama at {self.url} are {', '.join(capabilities)}.",
                hint="Choose a model that has the capability 'completion' in 'ollama show'.",
            )
        details, facts = shown.details, shown.modelinfo or {}
        architecture = facts.get("general.architecture")
        return ModelInfo(
            tag=model,
            digest=next((entry.digest for entry in listed if same_model(entry.model or "", model)), None),
            family=details.family if details else None,
            parameter_size=details.parameter_size if details else None,
            quantization=details.quantization_level if details else None,
            trained_context=_count(facts, f"{architecture}.context_length"),
            layers=_count(facts, f"{architecture}.block_count"),
            capabilities=capabilities,
            default_options=_on_one_line(shown.parameters or ""),
            file_sha256=_file_of(shown.modelfile or ""),
            template=shown.template,
        )

    def stream(self, request: Request) -> Stream:
        """See `Engine.stream`. A prompt that does not fit is refused, never truncated; there are no retries."""
        from chimera_dagster.engines.ollama_call import call

        try:
            with self._pool.session() as session:
                stats = yield from pump(
                    lambda emit: call(session, request, self._keep_alive.seconds, emit),
                    request.timeouts,
                    session.transport.abort,
                )
        except ModelNotFoundError as error:
            raise self._not_found(request.model) from error
        return replace(stats, **self._seen_after(request.model))

    def count_tokens(self, model: str, text: str) -> None:
        return None

    def unload(self, model: str) -> None:
        with self._session() as session:
            session.client.generate(model=model, keep_alive=0)

    def close(self) -> None:
        """Close the connections. Models stay loaded in the server, which others may use."""
        self._pool.close()

    def _seen_after(self, model: str) -> dict[str, Any]:
        """The context window and the GPU memory that a call really had, and who else used the model, asked after it."""
        entry: ProcessResponse.Model | None = None

        def left() -> float | None:
            nonlocal entry
            entry, date = Patience(_PLACEMENT_WAIT_S).ask(lambda: self._running(model))
            return None if entry is None else seconds_left(entry.expires_at, date)

        try:
            others = self._keep_alive.use_by_others(left)
        except EngineError:  # the call itself succeeded
            return {}
        return {"use_by_others": others, **({} if entry is None else _placement(entry))}

    def _running(self, model: str) -> "tuple[ProcessResponse.Model | None, str | None]":
        """A loaded model, and the time at the server."""
        with self._session() as session:
            from ollama import ProcessResponse

            answer = session.http.get("/api/ps")  # the official client does not show the header
            loaded = ProcessResponse.model_validate(answer.json()).models
        found = (entry for entry in loaded if same_model(entry.model or entry.name or "", model))
        return next(found, None), answer.headers.get("Date")

    def _not_found(self, model: str) -> ModelNotFoundError:
        try:
            models = f"It has {', '.join(self.models()) or 'no model yet'}."
        except EngineError as error:
            models = f"Its list of models can't be read: {error.message}"
        return ModelNotFoundError(
            f"Ollama at {self.url} has no model {model!r}.", hint=f"Run 'ollama pull {model}'. {models}"
        )

    @contextmanager
    def _session(self) -> "Generator[Session]":
        """A connection for one request, with its errors translated."""
        from chimera_dagster.engines.ollama_errors import translated

        with self._pool.session() as session, translated(self.url):
            yield session


def _placement(entry: "ProcessResponse.Model") -> dict[str, Any]:
    placed: dict[str, Any] = {"effective_num_ctx": entry.context_length or None}
    size, vram = entry.size, entry.size_vram
    if size and vram is not None and 0 <= vram <= size:
        placed |= {"vram_mib": vram / 2**20, "gpu_share": vram / size}
    return placed


def same_model(first: str, second: str) -> bool:
    """Whether two tags name the same model in Ollama: `latest` and the public library may be left out."""
    return _full_tag(first) == _full_tag(second)


def _full_tag(tag: str) -> str:
    tag = tag.lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return tag if ":" in tag.rsplit("/", 1)[-1] else f"{tag}:latest"


def _on_one_line(parameters: str) -> str:
    """The parameters that the model file sets, which Ollama reports as lines of name and value."""
    return ", ".join(sorted(" ".join(line.split()) for line in parameters.splitlines())) or "none"


def _file_of(modelfile: str) -> str | None:
    """The digest of the file that the model is made from, if the model file names it as Ollama's store does."""
    found = re.search(r"^FROM .*sha256-([0-9a-f]{64})$", modelfile, re.MULTILINE)
    return found[1] if found else None


def _count(facts: Mapping[str, Any], key: str) -> int | None:
    value = facts.get(key)
    return value if isinstance(value, int) and 0 <= value <= _MOST_TOKENS else None
