"""A running server with OpenAI's API: llama.cpp, vLLM, SGLang, LM Studio."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from chimera_dagster.engines.base import ModelInfo, Request, Stream, pump
from chimera_dagster.engines.openai_host import address
from chimera_dagster.engines.openai_server import Served, Server, ask, payload, version
from chimera_dagster.errors import EngineError, ModelNotFoundError

if TYPE_CHECKING:
    from chimera_dagster.engines.openai_http import Session


class OpenAIEngine:
    """Calls may run at the same time, each on its own connection; the server decides which of them wait."""

    name = "openai"
    caches_prompts = True  # vLLM's cache can't be switched off for a call

    def __init__(self, base_url: str | None = None, api_key: str | None = None) -> None:
        """OPENAI_BASE_URL and OPENAI_API_KEY are read if these are None. Raises SettingError."""
        from chimera_dagster.engines import http, openai_http  # httpx is imported only if an engine is used

        self._address = address(
            os.environ.get("OPENAI_BASE_URL") if base_url is None else base_url,
            os.environ.get("OPENAI_API_KEY") if api_key is None else api_key,
        )
        self._pool = http.Pool(lambda: openai_http.open_session(self._address))
        self._server: Server | None = None  # as it last answered, so that no extra request delays a call

    @property
    def url(self) -> str:
        return self._address.url

    def version(self) -> str:
        server = self._ask()
        with self._session() as session:
            return version(session.http, self._address.root, server)

    def models(self) -> list[str]:
        return sorted(model.info.tag for model in self._ask().models)

    def describe(self, model: str) -> ModelInfo:
        return replace(self._find(model, self._ask()).info, tag=model)

    def stream(self, request: Request) -> Stream:
        """See `Engine.stream`. Raises RequestRefusedError for a parameter that the server does not accept in a call."""
        server = self._server
        if server is None or server.find(request.model) is None:
            server = self._ask()
        self._find(request.model, server)  # llama.cpp answers any model name with the model that it has
        body = payload(request, server.kind)
        from chimera_dagster.engines.openai_http import generate

        try:
            with self._pool.session() as session:
                stats = yield from pump(
                    lambda emit: generate(session, self._address, body, emit), request.timeouts, session.transport.abort
                )
        except ModelNotFoundError as error:
            raise self._not_found(request.model, self._ask()) from error
        return replace(stats, effective_num_ctx=self._window(request.model))

    def count_tokens(self, model: str, text: str) -> None:
        return None

    def unload(self, model: str) -> None:
        """Does nothing: the server keeps the model that it was started with."""

    def close(self) -> None:
        """Close the connections. The model stays loaded in the server, which others may use."""
        self._server = None
        self._pool.close()

    def _window(self, model: str) -> int | None:
        """The context window that a call had, requested after it."""
        try:
            served = self._ask().find(model)
        except EngineError:  # the call itself succeeded
            return None
        return served.num_ctx if served else None

    def _find(self, model: str, server: Server) -> Served:
        served = server.find(model)
        if served is None:
            raise self._not_found(model, server)
        return served

    def _not_found(self, model: str, server: Server) -> ModelNotFoundError:
        there = ", ".join(sorted(served.info.tag for served in server.models)) or "no model"
        return ModelNotFoundError(
            f"The server at {self.url} has no model {model!r}.",
            hint=f"It has {there}. Name one of these, or start it with that model "
            "(llama.cpp: --alias, vLLM: --served-model-name).",
        )

    def _ask(self) -> Server:
        with self._session() as session:
            self._server = ask(session.http, self._address.root)
        return self._server

    @contextmanager
    def _session(self) -> "Generator[Session]":
        """A connection for requests, with their errors translated."""
        from chimera_dagster.engines.openai_http import translated

        with self._pool.session() as session, translated(self._address):
            yield session
