"""What `chimera brief` does in this process (read, findings, notes, page) against a cold ingest of the same folder
(discover, hash, parse, validate, write), in turns.

    python -m benchmarks.bench_brief [FOLDER]

FOLDER is data/reports unless named. Prints the median of the ratios of neighbouring runs, where the time of the brief
goes, and the ratio of the two commands as a shell runs them, start and all.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.folders import SAMPLES
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.records.store import Store
from chimera_dagster.render.brief.page import brief_page
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.steps.evidence import Evidence
from chimera_dagster.steps.ingest import ingest_folder

ROUNDS, COMMAND_ROUNDS = 9, 5
CHIMERA = Path(sys.executable).with_name("chimera")


def seconds(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def brief(root: Path) -> dict[str, float]:
    """Seconds of each part, in their order."""
    read: list[Evidence] = []

    def prepare() -> None:
        tables = read_in_memory(root)
        read.append(Evidence(tables.files, tables.measurements))

    spent = {"read": seconds(prepare)}
    [evidence] = read
    for name in ("findings", "notes", "brief"):
        spent[name] = seconds(lambda name=name: getattr(evidence, name))
    spent["page"] = seconds(lambda: to_html(brief_page(evidence.brief)))
    return spent


def command(verb: str, root: Path, data: str) -> float:
    """Wall clock of a command in seconds, with an empty data folder."""
    environment = os.environ | {"CHIMERA_DATA_DIR": data}
    run = [CHIMERA, verb, root.resolve()]
    return seconds(lambda: subprocess.run(run, cwd=data, env=environment, capture_output=True, check=True))


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    briefs: list[dict[str, float]] = []
    ingests: list[float] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as data:
            store = Store(Path(data))
            ingests.append(seconds(lambda store=store: ingest_folder(store, root)))
        briefs.append(brief(root))
    pairs = list(zip(briefs, ingests, strict=True))[1:]  # the first of each warms up
    ratio = median(sum(spent.values()) / ingest for spent, ingest in pairs)
    parts = ", ".join(f"{name} {median(spent[name] for spent, _ in pairs) * 1e3:.0f} ms" for name in briefs[0])
    whole = median(sum(spent.values()) for spent, _ in pairs) * 1e3
    print(f"brief_time_ratio: {ratio:.2f} (brief {whole:.0f} ms, ingest {median(ingests[1:]) * 1e3:.0f} ms; {parts})")
    commands: list[tuple[float, float]] = []
    for _ in range(COMMAND_ROUNDS):
        with tempfile.TemporaryDirectory() as data:
            commands.append((command("brief", root, data), command("ingest", root, data)))
    walls = " and ".join(f"{median(each) * 1e3:.0f} ms" for each in zip(*commands, strict=True))
    print(f"brief_command_ratio: {median(it / ingest for it, ingest in commands):.2f} (medians {walls})")


if __name__ == "__main__":
    main()
