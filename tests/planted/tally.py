"""How many planted falsehoods the checker catches, and how many true sentences it drops."""

import random
from collections import Counter, defaultdict
from typing import NamedTuple

from chimera_dagster.grounding import check
from tests.planted.cases import Sentence, is_true, says, sentences
from tests.planted.mutants import mutants
from tests.planted.phrasings import halves
from tests.planted.worlds import World


class Tally(NamedTuple):
    """`caught` and `planted` by half and class, `alarms` and `true` by half and shape; what was left out, and why."""

    caught: Counter[tuple[str, str]]
    planted: Counter[tuple[str, str]]
    alarms: Counter[tuple[str, str]]
    true: Counter[tuple[str, str]]
    left_out: Counter[str]
    missed: dict[str, list[tuple[str, str]]]

    def share(self, half: str | None = None, kind: str | None = None) -> float:
        """Share of mutants caught, of a half and a class or of all."""
        chosen = [key for key in self.planted if half in (None, key[0]) and kind in (None, key[1])]
        return sum(self.caught[key] for key in chosen) / max(1, sum(self.planted[key] for key in chosen))

    def alarm_share(self, half: str | None = None) -> float:
        chosen = [key for key in self.true if half in (None, key[0])]
        return sum(self.alarms[key] for key in chosen) / max(1, sum(self.true[key] for key in chosen))


def run(found: list[World], seed: int, most: int) -> Tally:
    """`most` true sentences of each phrasing and folder, and one mutant of every class that each has room for."""
    random_ = random.Random(seed)
    tally = Tally(Counter(), Counter(), Counter(), Counter(), Counter(), defaultdict(list))
    for half, phrasings in halves().items():
        for phrasing in phrasings:
            for world in found:
                for sentence in sentences(world, half, phrasing, random_, most):
                    sentence.case["text"] = phrasing.text
                    _one(sentence, half, random_, tally)
    return tally


def _one(sentence: Sentence, half: str, random_: random.Random, tally: Tally) -> None:
    world, key = sentence.world, (half, sentence.phrasing.shape)
    text = says(sentence)
    if sentence.phrasing.shape == "lack" and not is_true(sentence):
        [checked] = check([text], world.evidence_index, world.models)
        tally.planted[half, "denied telemetry"] += 1
        tally.caught[half, "denied telemetry"] += not checked.kept
        return
    if not is_true(sentence):
        tally.left_out["generated sentence not true as written"] += 1
        return
    tally.true[key] += 1
    [base] = check([text], world.evidence_index, world.models)
    if not base.kept:
        tally.alarms[key] += 1
        tally.missed[f"alarm, {half}"].append((text, base.reason))
    for kind, mutant in mutants(sentence, random_):
        if not base.kept:
            tally.left_out["its sentence was dropped before"] += 1
        elif is_true(mutant):
            tally.left_out["true after all"] += 1
        else:
            mutated = says(mutant)
            [checked] = check([mutated], world.evidence_index, world.models)
            tally.planted[half, kind] += 1
            tally.caught[half, kind] += not checked.kept
            if checked.kept:
                tally.missed[f"{kind}, {half}"].append((mutated, f"{world.name}; was: {text}"))
