"""llama.cpp in this process, through xllamacpp, which always starts llama.cpp's HTTP server too.

Calls go to the binding, not through HTTP; only the tokenizer has no other way. So the server gets no port, which any
user of the machine and any web page could use, but a Unix socket in a folder of this user alone, and a random key.
"""

import os
import secrets
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from chimera_dagster.engines.private_socket import PrivateSocket
from chimera_dagster.errors import ModelFileError

if TYPE_CHECKING:
    import httpx

_ADDRESS = "http://llama"  # of every request through the socket; the name is not resolved
_TOKENIZER_TIMEOUT_S = 10.0


class LoadKey(NamedTuple):
    """What a loaded model depends on; not sampling parameters: changing them does not reload the model."""

    path: Path
    sha256: str
    num_ctx: int
    num_gpu: int | None


class LoadedModel:
    """A model in memory; `server` is xllamacpp's, and `load_ms` how long loading took."""

    def __init__(self, key: LoadKey, threads: int) -> None:
        """Load the model. Raises ModelFileError if llama.cpp can't."""
        self.key = key
        self._socket, self._api_key = PrivateSocket(), secrets.token_urlsafe(32)
        self._http: httpx.Client | None = None
        package = xllamacpp()
        params = package.CommonParams()
        params.model.path = str(key.path)
        params.n_ctx = key.num_ctx
        params.n_parallel = 1
        params.verbosity = -1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        if key.num_gpu is not None:
            params.n_gpu_layers = key.num_gpu
        params.hostnames = [str(self._socket.path)]
        params.api_keys = [self._api_key]
        params.ui = False
        started = time.perf_counter()
        try:
            self.server: Any = package.Server(params)
        except RuntimeError as error:
            self._socket.remove()
            raise ModelFileError(
                f"llama.cpp can't load {key.path} with num_ctx={key.num_ctx}: {error}",
                hint="Check that the file is complete and that num_ctx fits into memory.",
            ) from error
        self.load_ms = (time.perf_counter() - started) * 1e3

    def count_tokens(self, text: str) -> int | None:
        """Tokens of `text`; None if the tokenizer does not answer."""
        import httpx  # slow to import

        if self._http is None:
            self._http = httpx.Client(
                base_url=_ADDRESS,
                transport=httpx.HTTPTransport(uds=str(self._socket.path), verify=False),  # no TLS, so no certificates
                headers={"Authorization": f"Bearer {self._api_key}"},
                timeout=_TOKENIZER_TIMEOUT_S,
            )
        try:
            answer = self._http.post("/tokenize", json={"content": text})
        except httpx.HTTPError:
            return None
        return len(answer.json()["tokens"]) if answer.is_success else None

    def close(self) -> None:
        """Free the memory, and remove the socket."""
        if self._http is not None:
            self._http.close()
        self.server = None
        self._socket.remove()


def xllamacpp() -> Any:
    """The package, imported when first used: it is slow to import, and has no type hints."""
    # Its threads wait for each other by spinning, by default 300,000 times before they sleep. If another process uses
    # the same cores, a token then takes seconds (benchmarks/bench_contended_decode.py). Read when it is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    return import_module("xllamacpp")


def gpu_present() -> bool:
    return any("GPU" in device["type"].name for device in xllamacpp().get_device_info())
