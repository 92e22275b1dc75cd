"""What it costs to write a trial's files as one thing, with digests, against writing the same files one by one.

    python -m benchmarks.bench_writing_trial

Both sides take turns, in random order, in the same folder. Prints the median difference of neighbours in milliseconds,
for the documents and for the report, and how long the check takes by which a sweep finds that a trial is done.
"""

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.folders import SAMPLES
from chimera_dagster.engines.registry import Engines
from chimera_dagster.measure.samples import to_frame
from chimera_dagster.records.store import Store, write_table, write_text
from chimera_dagster.records.trial_files import metrics_digest, write_measurement, write_report
from chimera_dagster.schemas import Calls, Telemetry
from chimera_dagster.spec.sweep import SweepSpec
from chimera_dagster.steps import evidence, ingest
from chimera_dagster.steps.done import is_done
from chimera_dagster.steps.recording import calls_table
from chimera_dagster.steps.report import render_trial
from chimera_dagster.steps.trial import run_trial
from tests.stub_ollama import StubOllama

ROUNDS = 61


def main() -> None:
    with tempfile.TemporaryDirectory() as name, StubOllama() as stub:
        store = Store(Path(name))
        ingest.ingest_folder(store, SAMPLES)
        evidence.compute_evidence(store)
        plan = SweepSpec.model_validate({"engine": "ollama", "models": ["smollm2:135m"], "max_tokens": 1000}).plans()[0]
        recorded = run_trial(store, plan, Engines(stub.url))
        render_trial(store, plan)
        folder = store.folder_of(plan.trial)
        page, report = folder.page.read_text(), folder.report.read_text()
        table = calls_table(recorded.outcome.calls, recorded.metrics.calls)
        digest = metrics_digest(folder)

        def together() -> None:
            write_measurement(folder, recorded.metrics, recorded.outcome, recorded.samples, table)

        def one_by_one() -> None:
            write_text(folder.outcome, recorded.outcome.model_dump_json(indent=1) + "\n")
            write_table(folder.telemetry, to_frame(recorded.samples), Telemetry)
            write_table(folder.calls, table, Calls)
            write_text(folder.metrics, recorded.metrics.model_dump_json(indent=2) + "\n")

        def both_pages() -> None:
            write_text(folder.page, page)
            write_text(folder.report, report)

        documents = difference_ms(together, one_by_one)
        pages = difference_ms(lambda: write_report(folder, page, report, digest), both_pages)
        together()
        write_report(folder, page, report, metrics_digest(folder))
        assert is_done(store, plan, recorded.metrics.data_digest)
        check = median(taken_ms(lambda: is_done(store, plan, recorded.metrics.data_digest)) for _ in range(ROUNDS))
        size = sum(path.stat().st_size for path in folder.path.iterdir())
    print(f"documents_more_ms: {documents[0]:.1f} ({documents[1]:.1f} against {documents[2]:.1f} ms one by one)")
    print(f"report_more_ms: {pages[0]:.1f} ({pages[1]:.1f} against {pages[2]:.1f} ms one by one)")
    print(f"check_ms: {check:.2f} (of {size / 1024:.0f} KiB)")


def difference_ms(one: Callable[[], None], other: Callable[[], None]) -> tuple[float, float, float]:
    """The median of the differences, and that of each side."""
    chance = random.Random(1)
    pairs: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        if chance.random() < 0.5:
            first = taken_ms(one)
            pairs.append((first, taken_ms(other)))
        else:
            second = taken_ms(other)
            pairs.append((taken_ms(one), second))
    return median(a - b for a, b in pairs), median(a for a, _ in pairs), median(b for _, b in pairs)


def taken_ms(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1e3


if __name__ == "__main__":
    main()
