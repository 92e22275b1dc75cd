"""Whether the score of a text tells models apart: the same report by two models and two temperatures, five seeds each.

    python -m benchmarks.bench_writing_scores [--write SMALL LARGE] [--seed 11] [--texts FOLDER]

Prints, for the small model at temperature 1.0, the small one at 0.2 and the large one at 0.2, the mean and standard
error of each part of the score, and how many texts have which verdict; then how many standard errors of the difference
each step is. The texts are those in benchmarks/writing; `--write` has two models of the embedded engine write them
anew, from the notes of data/reports, with the seeds from `--seed` on.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple, get_args

from benchmarks.folders import SAMPLES
from chimera_dagster.align.kept_note import KeptNote, load_notes
from chimera_dagster.engines.base import Request
from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.measure.call import timed_call
from chimera_dagster.notes.table import table_of
from chimera_dagster.spec.sweep import DEFAULT_PERSONA
from chimera_dagster.spec.trial import ParamSet
from chimera_dagster.steps.evidence import Evidence
from chimera_dagster.write.answer import parse_answer
from chimera_dagster.write.judge import judge_answer
from chimera_dagster.write.prompt import Prompt, render_prompt
from chimera_dagster.write.quality import Quality, Rating, score_text

TEXTS = Path(__file__).with_name("writing")
SEEDS, FIRST_SEED, NUM_CTX, MAX_TOKENS = 5, 11, 4096, 900
PARTS = ("score", "fidelity", "coverage", "form", "fluency")


class Writer(NamedTuple):
    name: str
    model: int  # its place among the models that are given
    temperature: float


WRITERS = (Writer("small-1.0", 0, 1.0), Writer("small-0.2", 0, 0.2), Writer("large-0.2", 1, 0.2))


def notes_of(reports: Path) -> list[KeptNote]:
    folder = read_in_memory(reports)
    return load_notes(table_of(Evidence(folder.files, folder.measurements).notes))


def prompt_of(notes: Sequence[KeptNote]) -> Prompt:
    return render_prompt("report", notes, num_ctx=NUM_CTX, max_tokens=MAX_TOKENS, persona=DEFAULT_PERSONA)


def write(folder: Path, models: Sequence[str], prompt: Prompt, first_seed: int) -> None:
    """Have each writer write a text for each seed; one that was cut is kept under another name."""
    folder.mkdir(exist_ok=True)
    engine = EmbeddedEngine()
    for writer in sorted(WRITERS, key=lambda each: each.model):
        for seed in range(first_seed, first_seed + SEEDS):
            params = ParamSet(num_ctx=NUM_CTX, temperature=writer.temperature)
            request = Request(
                models[writer.model], prompt.text, prompt.system, params, max_tokens=MAX_TOKENS, seed=seed
            )
            call = timed_call(engine, request, "report")
            cut = ".cut" if call.stats.done_reason == "length" else ""
            for old in folder.glob(f"{writer.name}-{seed}.*"):
                old.unlink()
            (folder / f"{writer.name}-{seed}{cut}.md").write_text(call.text, "utf-8")
            print(f"{writer.name}, seed {seed}: {len(call.text.split())} words{cut}", flush=True)


def score(path: Path, notes: Sequence[KeptNote], prompt: Prompt) -> Quality:
    answer = judge_answer(parse_answer("report", path.read_text("utf-8")), notes, prompt.text)
    return score_text(answer, notes, prompt.notes, cut=path.name.endswith(".cut.md"))


def values(quality: Quality) -> dict[str, float]:
    return {"score": quality.score} | {part.name: part.value for part in quality.components}


def rows(found: dict[str, list[Quality]]) -> Iterator[str]:
    yield f"{'text':<12} n  " + "".join(f"{name:>18}" for name in PARTS) + "   verdicts"
    for name, scores in found.items():
        cells = (_mean(values(each)[part] for each in scores) for part in PARTS)
        verdicts = Counter(each.verdict for each in scores)
        said = ", ".join(f"{verdicts[rating]} {rating}" for rating in get_args(Rating) if verdicts[rating])
        yield f"{name:<12} {len(scores)}  " + "".join(f"{cell:>18}" for cell in cells) + f"   {said}"
    names = list(found)
    for lower, higher in pairwise(names):
        gap = _standard_errors([each.score for each in found[lower]], [each.score for each in found[higher]])
        yield f"{higher} above {lower}: {gap:.1f} standard errors of the difference"


def _mean(given: Iterator[float]) -> str:
    several = list(given)
    return f"{fmean(several):.3f} ± {stdev(several) / sqrt(len(several)):.3f}"


def _standard_errors(lower: Sequence[float], higher: Sequence[float]) -> float:
    spread = sqrt(sum(stdev(each) ** 2 / len(each) for each in (lower, higher)))
    difference = fmean(higher) - fmean(lower)
    return difference / spread if spread else float("inf") * difference


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether the score of a text tells models apart.")
    parser.add_argument("--write", nargs=2, metavar=("SMALL", "LARGE"))
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--texts", type=Path, default=TEXTS)
    given = parser.parse_args()
    notes = notes_of(SAMPLES)
    prompt = prompt_of(notes)
    if given.write:
        write(given.texts, given.write, prompt, given.seed)
    found: dict[str, list[Quality]] = {}
    for writer in WRITERS:
        for path in sorted(given.texts.glob(f"{writer.name}-*.md")):
            found.setdefault(writer.name, []).append(score(path, notes, prompt))
    print("\n".join(rows(found)))


if __name__ == "__main__":
    main()
