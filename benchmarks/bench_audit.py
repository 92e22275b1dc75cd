"""How often findings call equal models different, and how often they find a difference of 5 %, over simulated folders.

    python -m benchmarks.bench_audit [REPLICATES]

A difference that holds is false in at most 5 % of the folders, in whatever way they drift; one that is stated of the
sessions at hand alone may be the drift itself. Also prints the processor time of all findings over 10,000 measurements
of 50 models and 20 configurations.
"""

import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.audit_folders import Folder, Prompts, drifting, heavy, throttled
from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings import find_findings
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.findings.parameters import parameter_effects
from chimera_dagster.evidence.findings.ranking import model_contests

FILES = pd.DataFrame({"path": pd.Series(dtype="str"), "status": pd.Series(dtype="str"), "reason": []})
MOST_FALSE = 0.06
REPLICATES = 400

EQUAL: dict[str, Folder | Prompts] = {
    "one file, 2 models, 9 calls": Folder(2),
    "one file, 6 models, 3 calls": Folder(calls=(3, 3)),
    "one file, 6 models, 9 calls": Folder(),
    "one file, 6 models, 3 to 50 calls": Folder(calls=(3, 50)),
    "one file, two speeds, 3 calls": Folder(calls=(3, 3), draw=throttled),
    "one file, two speeds, 3 to 50 calls": Folder(calls=(3, 50), draw=throttled),
    "one file a model, 1 % apart, 2 models": Folder(2, apart=True, drift=0.01),
    "one file a model, 1 % apart, 6 models": Folder(apart=True, drift=0.01),
    "one file a model, 1 % apart, 2 models, 50 calls": Folder(2, (50, 50), apart=True, drift=0.01),
    "one file a model, 1 % apart, 6 models, 50 calls": Folder(calls=(50, 50), apart=True, drift=0.01),
    "one file, calls drift, 9 calls": Folder(draw=drifting),
    "one file, calls drift, 50 calls": Folder(calls=(50, 50), draw=drifting),
    "unequal mix of prompts, one file": Prompts(),
    "unequal mix of prompts, 4 files": Prompts(sessions=4),
    "3 files a model, 1 % apart": Folder(sessions=(3, 3), apart=True, drift=0.01),
    "9 files a model, 1 % apart": Folder(sessions=(9, 9), apart=True, drift=0.01),
    "9 files a model, 3 % apart, 50 calls": Folder(calls=(50, 50), sessions=(9, 9), apart=True, drift=0.03),
    "2 to 12 files a model, 3 to 50 calls, 1 % apart": Folder(calls=(3, 50), sessions=(2, 12), apart=True, drift=0.01),
    "4 files a model, two speeds, 3 to 50 calls": Folder(calls=(3, 50), sessions=(4, 4), apart=True, draw=throttled),
    "4 files a model, heavy tails": Folder(sessions=(4, 4), apart=True, draw=heavy),
    "2 files of all models, 1 % apart, calls drift": Folder(sessions=(2, 2), drift=0.01, draw=drifting),
    "4 files of all models, calls drift, 50 calls": Folder(calls=(50, 50), sessions=(4, 4), draw=drifting),
    "9 files of all models, 3 to 50 calls, each 1 % off": Folder(calls=(3, 50), sessions=(9, 9), of_models=0.01),
    "6 files of all models, two scatter four times as much": Folder(calls=(3, 3), sessions=(6, 6), noisy=2),
    "9 files of 2 to 9 of the models, calls drift": Folder(sessions=(2, 9), draw=drifting, drift=0.01),
    "a file for each model and setting, 1 % apart": Folder(sessions=(6, 6), settings=6, apart=True, drift=0.01),
    "6 rounds in one file, calls drift": Folder(sessions=(6, 6), rounds=6, draw=drifting),
    "values of a parameter, one file, calls drift": Folder(4, levels=True, draw=drifting),
    "values of a parameter, 4 files, calls drift": Folder(4, sessions=(4, 4), levels=True, draw=drifting),
    "values of a parameter, 9 files, 3 to 50 calls": Folder(4, (3, 50), (9, 9), levels=True, of_models=0.01),
}
FIVE = 0.05
DIFFERENT: dict[str, Folder | Prompts] = {
    "one file, 6 models, 3 calls": Folder(calls=(3, 3), effect=FIVE),
    "one file, 6 models, 9 calls": Folder(effect=FIVE),
    "3 files a model, 1 % apart, 9 calls": Folder(sessions=(3, 3), apart=True, drift=0.01, effect=FIVE),
    "9 files a model, 1 % apart, 9 calls": Folder(sessions=(9, 9), apart=True, drift=0.01, effect=FIVE),
    "3 files of all models, 3 calls": Folder(calls=(3, 3), sessions=(3, 3), effect=FIVE),
    "9 files of all models, 1 call": Folder(calls=(1, 1), sessions=(9, 9), effect=FIVE),
    "9 files of all models, 3 calls, each 1 % off": Folder(calls=(3, 3), sessions=(9, 9), of_models=0.01, effect=FIVE),
    "unequal mix of prompts, 10 % slower": Prompts(effect=-0.1),
    "values of a parameter, 4 files": Folder(4, sessions=(4, 4), levels=True, effect=FIVE),
}


class Rates(NamedTuple):
    """Shares of folders: with a difference that holds, with one of these sessions, and with one in the wrong order."""

    holds: float
    in_session: float
    reversed: float


def rates(folder: Folder | Prompts, replicates: int, seed: int = 1) -> Rates:
    """Equal models: of folders with any such difference. Else: of pairs with the model that is not."""
    rng = np.random.default_rng(seed)
    differs = folder.effect != 0
    found = [_judged(folder, folder.simulate(rng), differs) for _ in range(replicates)]
    return Rates(*(float(np.mean([each[place] for each in found])) for place in range(3)))


def _judged(folder: Folder | Prompts, table: pd.DataFrame, differs: bool) -> tuple[float, float, float]:
    data = FindingContext(FILES, table)
    if isinstance(folder, Folder) and folder.levels:
        certainties = [finding.certainty for finding in parameter_effects(data)]
        return certainties.count(Certainty.HOLDS), certainties.count(Certainty.IN_SESSION), 0.0
    pairs = [pair for result in model_contests(data) for pair in result.compared()]
    if not differs:
        every = {certainty for _, certainty in pairs}
        return Certainty.HOLDS in every, Certainty.IN_SESSION in every, 0.0
    of_first = [(names, certainty) for names, certainty in pairs if "m0:1b" in names]
    told = [names for names, certainty in of_first if certainty in (Certainty.HOLDS, Certainty.IN_SESSION)]
    ahead = folder.effect > 0
    wrong = sum((names[0] == "m0:1b") != ahead for names in told)
    counts = [
        sum(certainty is wanted for _, certainty in of_first) for wanted in (Certainty.HOLDS, Certainty.IN_SESSION)
    ]
    size = max(len(of_first), 1)
    return counts[0] / size, counts[1] / size, wrong / size


def seconds_of_large_folder() -> float:
    """Processor time of all findings of 10,000 calls of 50 models and 20 configurations in 40 files."""
    rng = np.random.default_rng(1)
    parts: list[pd.DataFrame] = []
    for place in range(2):
        folder = Folder(50, (5, 5), (20, 20), settings=20, drift=0.01)
        parts.append(folder.simulate(rng).assign(file=lambda table, place=place: f"{place} " + table["file"]))
    table = pd.concat(parts, ignore_index=True)
    started = time.process_time()
    find_findings(FILES, table)
    return time.process_time() - started


def _lines(replicates: int) -> Iterator[str]:
    yield "| equal models | differ | in these sessions | |"
    yield "|---|---|---|---|"
    for name, folder in EQUAL.items():
        found = rates(folder, replicates)
        above = found.holds > MOST_FALSE + 2 * np.sqrt(MOST_FALSE * (1 - MOST_FALSE) / replicates)
        yield f"| {name} | {found.holds:.1%} | {found.in_session:.1%} | {'too many' if above else ''} |"
    yield ""
    yield "| one differs by 5 % | found | in these sessions | in the wrong order |"
    yield "|---|---|---|---|"
    for name, folder in DIFFERENT.items():
        found = rates(folder, replicates)
        yield f"| {name} | {found.holds:.1%} | {found.in_session:.1%} | {found.reversed:.1%} |"
    yield ""
    yield f"findings_processor_s: {seconds_of_large_folder():.2f} (10,000 calls of 50 models in 20 configurations)"


def main() -> None:
    for line in _lines(int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATES):
        print(line, flush=True)


if __name__ == "__main__":
    main()
