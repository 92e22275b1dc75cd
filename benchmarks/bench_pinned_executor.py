"""How busy two GPUs are kept: by the pinned executor, and by Dagster's multiprocess executor with a pool of two.

    python -m benchmarks.bench_pinned_executor [TRIALS] [SECONDS]

Each side is a backfill by the job's command through a real daemon, code server and run launcher, some three minutes
with 10 trials of 30 s. The GPUs are two stub servers that stream for SECONDS per trial (half for each of its two calls)
and take no core for it. Prints the share of both servers' time, from the very first chunk to the last, in which they
streamed (1: never idle), and the gaps between the end of a trial and the start of the next one on the same server.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from benchmarks.folders import SAMPLES
from benchmarks.pooled import POOL
from chimera_dagster.orchestration.home import open_instance
from chimera_dagster.orchestration.partitions import register
from chimera_dagster.records.store import Store
from chimera_dagster.settings import Settings
from chimera_dagster.spec.sweep import SweepSpec
from chimera_dagster.steps import evidence, ingest
from tests.stub_ollama import FINAL, GENERATIONS, Answer, Json, StubOllama

ROOT = Path(__file__).parents[1]
LANES, CHUNKS, PATIENCE_S = 2, 50, 900
PIECE: Json = {"response": "word ", "done": False}


class Call(NamedTuple):
    """One generation: its trial, and when it began and ended."""

    trial: int
    began: float
    ended: float


class Streaming(StubOllama):
    """Streams each measured call for `seconds`, and records when."""

    def __init__(self, seconds: float, calls: list[Call]) -> None:
        super().__init__()
        self._seconds, self._calls = seconds, calls

    def answer(self, path: str, body: Json) -> Answer:
        if path not in GENERATIONS:
            return super().answer(path, body)
        warms_up = body["options"]["num_predict"] == 1
        seconds = 0.05 if warms_up else self._seconds
        now = time.monotonic()
        self._calls.append(Call(body["options"]["top_k"], now, now + seconds))
        count = 1 if warms_up else CHUNKS
        counts = {"prompt_eval_count": 100, "eval_count": count}
        times = dict.fromkeys(("total_duration", "eval_duration"), int(seconds * 1e9))
        final = FINAL | counts | times | {"load_duration": 1, "prompt_eval_duration": 1_000_000}
        return Answer([*[PIECE] * count, final], arrivals=[seconds * (at + 1) / (count + 1) for at in range(count + 1)])


class Result(NamedTuple):
    """Figures of one side; times in seconds."""

    busy_share: float
    gaps: list[float]
    whole: float


def measure(module: str, trials: int, seconds: float) -> Result:
    """Run a backfill of that many trials with the definitions of `module`."""
    calls: list[Call] = []
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        Streaming(seconds / 2, calls) as first,
        Streaming(seconds / 2, calls) as second,
    ):
        environment = _prepare(Path(folder), trials, [first.url, second.url])
        with (Path(folder) / "daemon.log").open("wb") as log:
            command = [sys.executable, "-m", "dagster._daemon", "run", "-m", module]
            daemon = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
            try:
                backfill = (
                    "dagster",
                    "job",
                    "backfill",
                    "-m",
                    module,
                    "-j",
                    "write_report",
                    "--all",
                    "x",
                    "--noprompt",
                )
                command = [sys.executable, "-m", *backfill]
                subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, check=True)
                _wait_for(Path(folder), trials)
            finally:
                _end(daemon)
    return _result(calls)


def _prepare(folder: Path, trials: int, endpoints: list[str]) -> dict[str, str]:
    """A project with its partitions; the environment of Dagster's commands in it."""
    settings = Settings(data_dir=folder / "data")
    shutil.copytree(SAMPLES, settings.reports)
    home = settings.data_dir / "dagster_home"
    home.mkdir()
    config = (ROOT / "dagster.yaml").read_text()
    (home / "dagster.yaml").write_text(config.replace("max_concurrent_runs: 1", f"max_concurrent_runs: {LANES + 2}"))
    store = Store(settings.data_dir)
    ingest.ingest_folder(store, settings.reports)
    evidence.compute_evidence(store)
    spec = {"engine": "ollama", "models": ["smollm2:135m"], "grid": {"top_k": list(range(1, trials + 1))}}
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("CHIMERA_", "DAGSTER_", "OLLAMA_"))
    }
    os.environ["DAGSTER_HOME"] = str(home)
    with open_instance(settings) as instance:
        register(instance, store, SweepSpec.model_validate(spec | {"max_tokens": CHUNKS}).plans())
        instance.event_log_storage.set_concurrency_slots(POOL, LANES)
    return own | {
        "DAGSTER_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "CHIMERA_DATA_DIR": str(settings.data_dir),
        "CHIMERA_GPUS": ",".join(map(str, range(LANES))),
        "CHIMERA_OLLAMA_ENDPOINTS": ",".join(endpoints),
        "CHIMERA_LEASES_DIR": str(folder / "leases"),
        "OLLAMA_HOST": endpoints[0],  # for processes that do not lease a lane
    }


def _end(daemon: "subprocess.Popen[bytes]") -> None:
    """End the daemon and its children: its code server would run on for a while, beside the other side's backfill."""
    started = psutil.Process(daemon.pid).children(recursive=True)
    daemon.terminate()
    daemon.wait()
    for process in started:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _wait_for(folder: Path, trials: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while len(list(folder.glob("data/runs/*/*/report.md"))) < trials:
        if time.monotonic() > until:
            raise TimeoutError((folder / "daemon.log").read_text()[-2000:])
        time.sleep(0.5)


def _result(calls: list[Call]) -> Result:
    began, ended = min(call.began for call in calls), max(call.ended for call in calls)
    streamed = sum(call.ended - call.began for call in calls)
    trials = {call.trial for call in calls}
    starts = sorted(min(call.began for call in calls if call.trial == trial) for trial in trials)
    ends = sorted(max(call.ended for call in calls if call.trial == trial) for trial in trials)
    gaps = [start - end for start, end in zip(starts[LANES:], ends, strict=False)]
    return Result(streamed / (LANES * (ended - began)), gaps, ended - began)


def main(trials: int = 10, seconds: float = 30.0) -> None:
    sides = {"pinned executor": "chimera_dagster.definitions", "multiprocess, pool of 2": "benchmarks.pooled"}
    for name, module in sides.items():
        result = measure(module, trials, seconds)
        print(
            f"{name}: busy_share: {result.busy_share:.2f}, hand-over gap {median(result.gaps):.2f} s median, "
            f"{max(result.gaps):.2f} s at most; {trials} trials of {seconds:g} s, {LANES} servers, {result.whole:.0f} s"
        )


if __name__ == "__main__":
    main(*[kind(word) for kind, word in zip((int, float), sys.argv[1:], strict=False)])
