"""llama.cpp's own HTTP server in a process of its own, with a real model: the one from the wheel, on loopback.

with LlamaServer(num_ctx=512) as server:
    engine = OpenAIEngine(server.url)
    server.kill()  # at once, in the midst of whatever it does
"""

import subprocess
import sys
from typing import Self

MODEL = "smollm2:135m"

# The address goes out once the model is loaded. The standard input ends with the process that started this one.
_SERVE = """
import os, sys
os.environ.setdefault("GOMP_SPINCOUNT", "3000")
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.model_alias = sys.argv[1], {sys.argv[2]}
params.n_ctx, params.port, params.n_parallel, params.verbosity = int(sys.argv[3]), 0, 1, -1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.api_keys = sys.argv[4:]
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
os._exit(0)
"""


class LlamaServer:
    """`url` as OPENAI_BASE_URL; every call there has a window of `num_ctx` tokens."""

    def __init__(self, num_ctx: int, api_key: str = "") -> None:
        from chimera_dagster.engines.models import find_model

        path = str(find_model(MODEL).path)
        command = [sys.executable, "-c", _SERVE, path, MODEL, str(num_ctx), *([api_key] if api_key else [])]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        address = self._process.stdout.readline().strip()  # empty where it could not start
        assert address, "llama.cpp's server did not start"
        self.url = f"{address}/v1"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()
