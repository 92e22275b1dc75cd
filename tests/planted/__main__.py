"""How many planted falsehoods the grounding checker catches, and how many true sentences it takes for false.

    python -m tests.planted [--most 6] [--seed 7] [--show CLASS]

True sentences are made from folders of results by phrasings written by hand (phrasings.py), one thing in each is made
false (mutants.py), and the checker must drop it. Whether a sentence is true is computed here from the raw tables with
pandas alone; a mutant that is true after all, or whose sentence was dropped before it was mutated, is left out and
counted. Sentences written freely (fresh.py) are counted apart.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.planted.fresh import SETS, Verdict, fresh
from tests.planted.phrasings import halves
from tests.planted.tally import Tally, run
from tests.planted.worlds import worlds


def table(tally: Tally) -> str:
    """Both tables as Markdown."""
    lines = [
        "| planted | developed on | caught | share | held out | caught | share |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for kind in sorted({kind for _, kind in tally.planted}):
        cells = [
            f"{tally.planted[half, kind]} | {tally.caught[half, kind]} | {tally.share(half, kind):.1%}"
            for half in halves()
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    totals = []
    for half in halves():
        planted = sum(count for (of, _), count in tally.planted.items() if of == half)
        caught = sum(count for (of, _), count in tally.caught.items() if of == half)
        totals.append(f"{planted} | {caught} | {tally.share(half):.1%}")
    lines += [f"| **all** | {' | '.join(totals)} |", ""]
    lines += ["| true sentences | developed on | dropped | held out | dropped |", "|---|---:|---:|---:|---:|"]
    for shape in sorted({shape for _, shape in tally.true}):
        cells = [f"{tally.true[half, shape]} | {tally.alarms[half, shape]}" for half in halves()]
        lines.append(f"| {shape} | {' | '.join(cells)} |")
    sums = [
        f"{sum(n for (of, _), n in tally.true.items() if of == half)} | {tally.alarm_share(half):.1%}"
        for half in halves()
    ]
    lines += [f"| **all** | {' | '.join(sums)} |", ""]
    lines += [f"Left out: {', '.join(f'{words}: {count}' for words, count in sorted(tally.left_out.items()))}."]
    return "\n".join(lines)


def free_table(found: list[Verdict]) -> str:
    """The free sentences as Markdown, by set."""
    lines = ["| free sentences | true | dropped | false | caught |", "|---|---:|---:|---:|---:|"]
    for name in SETS:
        true, false = ([each for each in found if each.of == name and each.is_true is said] for said in (True, False))
        caught, dropped = (sum(not each.kept for each in side) for side in (false, true))
        lines.append(f"| {name} | {len(true)} | {dropped} | {len(false)} | {caught} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--most", type=int, default=6, help="true sentences of each phrasing and folder")
    parser.add_argument("--show", default="", help="print what was missed under headings that hold this text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = worlds(Path(scratch))
        start = time.perf_counter()
        tally = run(found, options.seed, options.most)
        seconds = time.perf_counter() - start
        free = [verdict for world in found for verdict in fresh(world.name, world.evidence_index)]
    for verdict in free:
        if verdict.kept != verdict.is_true:
            tally.missed[f"free, {verdict.of}, {verdict.is_true}"].append((verdict.text, verdict.reason))
    if options.show:
        for heading, missed in sorted(tally.missed.items()):
            if options.show in heading:
                print(f"## {heading}")
                for text, why in missed[:12]:
                    print(f"- {text}\n    {why}")
    print(f"{table(tally)}\n\n{free_table(free)}\n")
    checks = sum(tally.planted.values()) + sum(tally.true.values())
    print(f"{len(found)} folders, {sum(map(len, halves().values()))} phrasings, {checks} checks in {seconds:.1f} s")


if __name__ == "__main__":
    main()
