"""Whether the score of a report tells models and temperatures apart.

    python -m benchmarks.bench_writing_scores [FILE ...]
    python -m benchmarks.bench_writing_scores --measure MODEL [MODEL ...] [--reports FOLDER] [--to FILE]

Judges and scores the texts that models wrote about a folder. They are in FILE, beside the notes that they were written
from; FILE is each of tests/data/alignment/texts unless named. Prints for each model and temperature the means of the
score and of its parts with their standard errors, how often each verdict was given, and whether the means of neighbours
are more than two standard errors of their difference apart.

With --measure, models on the embedded engine write the texts anew: one trial for each temperature and seed.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, product
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

from benchmarks.folders import SAMPLES
from chimera_dagster.align import Aligner
from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.engines.registry import Engines
from chimera_dagster.records.documents import Outcome
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import SweepSpec
from chimera_dagster.steps.evidence import compute_evidence
from chimera_dagster.steps.ingest import ingest_folder
from chimera_dagster.steps.trial import run_trial
from chimera_dagster.write.answer import Stage, parse_answer
from chimera_dagster.write.judge import JudgedAnswer, judge_answer
from chimera_dagster.write.quality import Quality, Rating, score_text

TEXTS = Path(__file__).parent.parent / "tests" / "data" / "alignment" / "texts"
NUM_CTX, MAX_TOKENS, FIRST_SEED = 4096, 900, 11
PARTS = ("fidelity", "coverage", "form", "fluency")
APART = 2.0  # standard errors


class Answered(BaseModel, frozen=True):
    """What a model wrote in one call, the notes that its prompt had, and whether it was cut at max_tokens."""

    text: str
    prompt: str = ""
    shown: tuple[str, ...]
    cut: bool


class Written(BaseModel, frozen=True):
    """The two texts of one trial."""

    model: str
    temperature: float
    seed: int
    analysis: Answered
    report: Answered


class Texts(BaseModel, frozen=True):
    """The texts of trials on one folder, and the notes of that folder."""

    notes: list[KeptNote]
    texts: list[Written]


class Scored(NamedTuple):
    """The score of a report, and which share of the claiming sentences of its analysis stand."""

    quality: Quality
    analysis: float


def judged(stage: Stage, answered: Answered, aligner: Aligner) -> JudgedAnswer:
    return judge_answer(parse_answer(stage, answered.text), aligner, answered.prompt)


def scored(text: Written, aligner: Aligner) -> Scored:
    analysis, report = judged("analysis", text.analysis, aligner), judged("report", text.report, aligner)
    claiming = len(analysis.standing) + len(analysis.fallen)
    quality = score_text(report, aligner.notes, text.report.shown, cut=text.report.cut)
    return Scored(quality, len(analysis.standing) / claiming if claiming else 0.0)


def error_of(values: Sequence[float]) -> float:
    """Standard error of the mean; infinite for a single value."""
    return stdev(values) / sqrt(len(values)) if len(values) > 1 else float("inf")


def rows(texts: Iterable[Texts]) -> dict[tuple[str, float], list[Scored]]:
    """The scores by model and temperature, the best mean first."""
    found: dict[tuple[str, float], list[Scored]] = {}
    for each in texts:
        aligner = Aligner(each.notes)
        for text in each.texts:
            found.setdefault((text.model, text.temperature), []).append(scored(text, aligner))
    return dict(sorted(found.items(), key=lambda row: -fmean(it.quality.score for it in row[1])))


def table(found: dict[tuple[str, float], list[Scored]]) -> Iterator[str]:
    names = ("score", *PARTS, "analysis", "words")
    yield f"{'model and temperature':<32} n  {' '.join(f'{name:>15}' for name in names)}  verdicts"
    for (model, temperature), results in found.items():
        columns = [[it.quality.score for it in results]]
        columns += [
            [part.value for it in results for part in it.quality.components if part.name == name] for name in PARTS
        ]
        columns += [[it.analysis for it in results], [float(it.quality.words) for it in results]]
        cells = " ".join(f"{fmean(values):8.3f} ±{error_of(values):5.3f}" for values in columns)
        counts = Counter(it.quality.verdict for it in results)
        verdicts = ", ".join(f"{counts[name]} {name}" for name in get_args(Rating) if counts[name])
        yield f"{Path(model).stem[:26] + f' {temperature:g}':<32} {len(results):<2} {cells}  {verdicts}"


def differences(found: dict[tuple[str, float], list[Scored]]) -> Iterator[str]:
    named = [(f"{Path(model).stem} {temperature:g}", results) for (model, temperature), results in found.items()]
    for (better, first), (worse, second) in pairwise(named):
        values = [[it.quality.score for it in results] for results in (first, second)]
        gap, error = fmean(values[0]) - fmean(values[1]), sqrt(sum(error_of(each) ** 2 for each in values))
        apart = "apart" if gap > APART * error else "NOT apart"
        yield f"{better} against {worse}: {gap:.3f} ± {error:.3f}, {apart} by {APART:g} standard errors"


def measure(models: Sequence[str], temperatures: Sequence[float], seeds: int, reports: Path) -> Iterator[Texts]:
    """The texts so far after each trial of models on the embedded engine, which write about a folder."""
    texts: list[Written] = []
    with tempfile.TemporaryDirectory() as data:
        store, engines = Store(Path(data)), Engines()
        ingest_folder(store, reports)
        compute_evidence(store)
        for model, temperature, seed in product(models, temperatures, range(FIRST_SEED, FIRST_SEED + seeds)):
            outcome = run(store, engines, model, temperature, seed)
            analysis, report = (
                Answered(text=it.text, prompt=it.prompt, shown=it.notes, cut=call.stats.done_reason == "length")
                for it, call in zip((outcome.analysis, outcome.report), outcome.calls, strict=True)
            )
            texts.append(Written(model=model, temperature=temperature, seed=seed, analysis=analysis, report=report))
            print(f"{model} {temperature:g} {seed}: {len(report.text.split())} words", flush=True)
            yield Texts(notes=outcome.notes, texts=texts)


def run(store: Store, engines: Engines, model: str, temperature: float, seed: int) -> Outcome:
    fields: dict[str, Any] = {
        "engine": "embedded",
        "models": [model],
        "grid": {"num_ctx": [NUM_CTX], "temperature": [temperature]},
        "max_tokens": MAX_TOKENS,
        "seed": seed,
    }
    [plan] = SweepSpec.model_validate(fields).plans()
    return run_trial(store, plan, engines).outcome


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether the score of a report tells models and temperatures apart.")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--measure", nargs="+", default=[], metavar="MODEL")
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.2, 1.0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--reports", type=Path, default=SAMPLES)
    parser.add_argument(
        "--to", type=Path, help="the file for what --measure makes; tests/data/alignment/texts unless named"
    )
    given = parser.parse_args()
    files: list[Path] = given.files or sorted(TEXTS.glob("*.json"))
    if given.measure:
        files = [given.to or TEXTS / f"{given.reports.name}.json"]
        files[0].parent.mkdir(parents=True, exist_ok=True)
        for texts in measure(given.measure, given.temperatures, given.seeds, given.reports):
            document = json.dumps(texts.model_dump(mode="json"), ensure_ascii=False, indent=1)
            files[0].write_text(f"{document}\n", encoding="utf-8")
    if not files:
        parser.error("no texts are there; name files, or make some with --measure")
    found = rows(Texts.model_validate_json(path.read_text(encoding="utf-8")) for path in files)
    print("\n".join([*table(found), *differences(found)]))


if __name__ == "__main__":
    main()
