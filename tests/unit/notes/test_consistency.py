"""Notes of one folder never contradict each other, whatever the folder holds."""

import itertools
import json
import re

import numpy as np
import pytest

from chimera_dagster.notes import Note
from chimera_dagster.notes.phrase import Name, plain
from tests.unit.notes.folders import Row, notes_of, runs, stated

SUPERLATIVE = re.compile(r"\b(soonest|fastest|best|highest|lowest|least|first|most)\b")
TIED = re.compile(r"apart|either will do|does not matter|nearly the same")


def simulated(seed: int) -> list[Row]:
    """A folder of one to four models: equal or not, in one or several sessions, with cold runs, under several loads."""
    rng = np.random.default_rng(seed)
    models = [f"m{place}:{place + 1}b" for place in range(int(rng.integers(1, 5)))]
    loads = [1, 4, 16][: int(rng.integers(1, 4))]
    rows: list[Row] = []
    for model in models:
        factor = float(rng.choice([1.0, 1.0, 1.03, 1.5]))
        for load, session in itertools.product(loads, range(int(rng.integers(1, 4)))):
            if rng.random() < 0.15:
                continue
            drift, n = float(np.exp(rng.normal(0, 0.02))), int(rng.integers(1, 8))
            file = f"{model.replace(':', '_')}_{session}.csv" if rng.random() < 0.8 else "all.csv"
            about = {"concurrency": load, **({"gpu": str(rng.choice(["A100", "H100"]))} if seed % 5 == 0 else {})}
            names = [f"{model} {load} {session} {place}" for place in range(n)]
            for metric, usual in (("decode_tok_s", 50.0 * factor), ("ttft_ms", 100.0 / factor), ("load_ms", 40.0)):
                values = usual * load**0.3 * drift * np.exp(rng.normal(0, 0.05, n))
                if metric != "decode_tok_s" and seed % 3 == 0:
                    values[0] += 2_000.0
                for name, value in zip(names, values, strict=True):
                    rows += runs(model, [float(value)], metric, file, record=name, **about)
        if rng.random() < 0.2:
            rows += stated(model, f"{model[:2]}.json", n=5, mean=80.0 * factor, std=3.0, concurrency=2)
    return rows


def what(note: Note) -> str:
    """What a note compares: models, or else the levels of something, of which other notes say nothing."""
    return "models" if note.kind in ("tie", "difference") else note.kind


def contradictions(notes: list[Note]) -> list[str]:
    """Pairs of notes that disagree in order or certainty, and words that a note's own test does not allow."""
    found: list[str] = []
    # Advice and risks may be about the same models and metric, but state no order of them.
    stating = [note for note in notes if note.order or note.certainty == "tie"]
    ordered = [note for note in stating if note.metric and len(note.scope.models) > 1]
    for one, other in itertools.combinations(ordered, 2):
        about = [
            (what(note), note.metric, json.dumps(note.scope.setup, sort_keys=True), set(note.scope.models))
            for note in (one, other)
        ]
        alike = about[0] == about[1] and one.scope.runs == other.scope.runs
        if alike and (one.order, one.certainty) != (other.order, other.certainty):
            found.append(f"{plain(one.text)} <> {plain(other.text)}")
    for note in notes:
        words = "".join(part.text for part in note.text if not isinstance(part, Name))
        if (
            note.certainty == "tie"
            and note.kind in ("tie", "difference")
            and SUPERLATIVE.search(words.split("token")[-1])
        ):
            found.append(f"a tie in superlatives: {words}")
        if note.kind == "tie" and not TIED.search(words):
            found.append(f"a tie that is not called one: {words}")
    return found + against_the_answer(notes)


def against_the_answer(notes: list[Note]) -> list[str]:
    """Where a model that the answer chooses is behind another by a test in a note that the answer rests on."""
    found: list[str] = []
    for answer in (note for note in notes if note.kind == "choice" and "hoose " in plain(note.text)):
        chosen = [part.text for part in answer.text if isinstance(part, Name)]
        behind = [
            note
            for note in notes
            if note.findings
            and set(note.findings) <= set(answer.findings)
            and note.order
            and note.order[0] not in chosen
            and not tied_with_the_first(note) & set(chosen)
        ]
        found += [f"{plain(answer.text)} <> {plain(note.text)}" for note in behind]
    return found


def tied_with_the_first(note: Note) -> set[str]:
    """The models that the sentence names as not told from the first."""
    before, tie, _ = plain(note.text).partition(" can't be told from it")
    return set(re.findall(r"`([^`]+)`", before)) if tie else set()


@pytest.mark.parametrize("seed", range(40))
def test_notes_of_a_folder_agree(seed: int):
    notes = notes_of(simulated(seed))
    assert notes
    assert contradictions(notes) == []


@pytest.mark.slow
def test_notes_of_many_folders_agree():
    for seed in range(1_000, 1_030):
        assert contradictions(notes_of(simulated(seed))) == [], seed


def test_the_checker_finds_what_is_planted():
    notes = notes_of(simulated(3))
    told = next(note for note in notes if note.order)
    reverse = Note(
        told.kind,
        told.section,
        told.weight,
        told.wordings,
        told.scope,
        told.metric,
        told.order[::-1],
        told.certainty,
    )
    assert contradictions([told, reverse])
