"""How often the aligner is wrong on sentences that others wrote, and what it costs against reading the notes from JSON.

    python -m benchmarks.bench_alignment [FILE ...]

FILE is each of tests/data/alignment unless named: notes and labelled sentences in JSON. Prints by file and writer how
many true sentences stand and how many false ones do, then the false ones by kind, then the time for 400 words.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from chimera_dagster.align import Aligner, Passage
from chimera_dagster.align.kept_note import KeptNote

DATA = Path(__file__).parent.parent / "tests" / "data" / "alignment"
ROUNDS = 9
WORDS = 400


class Labelled(NamedTuple):
    """A sentence with what it is known to be."""

    text: str
    truth: bool
    kind: str
    by: str


def read(path: Path) -> tuple[list[KeptNote], list[Labelled]]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return [KeptNote.model_validate(each) for each in found["notes"]], [Labelled(**each) for each in found["sentences"]]


def outcomes(notes: Sequence[KeptNote], sentences: Sequence[Labelled]) -> list[str]:
    """Each by itself, as a block of its own."""
    passages = [Passage(each.text, place) for place, each in enumerate(sentences)]
    return [each.outcome for each in Aligner(notes).align(passages)]


def table(path: Path, notes: Sequence[KeptNote], sentences: Sequence[Labelled]) -> None:
    found = list(zip(sentences, outcomes(notes, sentences), strict=True))
    for writer in sorted({each.by for each in sentences}):
        counts = Counter((each.truth, outcome) for each, outcome in found if each.by == writer)
        parts = [f"{path.stem:8s} {writer:14s}"]
        for truth in (True, False):
            total = sum(count for (of, _), count in counts.items() if of is truth)
            stand = counts[truth, "stands"]
            parts.append(f"{'true' if truth else 'false'}: {stand} of {total} stand")
            others = ("replaced", "view", "filler", "withheld")
            parts.append(", ".join(f"{counts[truth, other]} {other}" for other in others if counts[truth, other]))
        print("  ".join(parts))
    wrong = Counter(each.kind for each, outcome in found if not each.truth and outcome == "stands")
    for kind, count in wrong.most_common():
        print(f"  stands though false: {count} {kind}")


def seconds(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def speed(path: Path) -> None:
    """Of 400 words of the sentences as one text, in turns with reading the notes."""
    text = path.read_text(encoding="utf-8")
    notes, sentences = read(path)
    passages: list[Passage] = []
    words = 0
    for each in sentences:
        if words < WORDS:
            passages.append(Passage(each.text, len(passages) // 4))
            words += len(each.text.split())
    rounds = [
        (
            seconds(lambda: Aligner(notes).align(passages)),
            seconds(lambda: [KeptNote.model_validate(each) for each in json.loads(text)["notes"]]),
        )
        for _ in range(ROUNDS)
    ][1:]  # the first of each warms up
    ratio = median(aligned / parsed for aligned, parsed in rounds)
    spent = median(aligned for aligned, _ in rounds)
    print(f"{path.stem}: {words} words, {len(notes)} notes: {1000 * spent:.0f} ms, {ratio:.1f} times reading the notes")


def main() -> None:
    paths = [Path(name) for name in sys.argv[1:]] or sorted(DATA.glob("*.json"))
    for path in paths:
        table(path, *read(path))
    for path in paths:
        speed(path)


if __name__ == "__main__":
    main()
