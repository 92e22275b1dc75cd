"""Falsehoods planted in sentences of every phrasing, and sentences written freely."""

import pytest

from tests.planted.fresh import fresh
from tests.planted.phrasings import halves
from tests.planted.tally import run
from tests.planted.worlds import World, worlds


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[World]:
    return worlds(tmp_path_factory.mktemp("worlds"))


@pytest.mark.slow
def test_every_kind_of_falsehood_is_caught_and_true_sentences_are_kept(found: list[World]) -> None:
    tally = run(found, seed=7, most=1)
    for half in halves():
        assert sum(count for (side, _), count in tally.planted.items() if side == half) > 600
        assert tally.share(half) >= 0.99, tally.missed
        assert tally.alarm_share(half) <= 0.01, tally.missed


@pytest.mark.slow
def test_false_sentences_written_freely_are_caught_and_few_true_ones_dropped(found: list[World]) -> None:
    verdicts = [verdict for world in found for verdict in fresh(world.name, world.evidence_index)]
    true = [verdict for verdict in verdicts if verdict.is_true]
    assert (len(true), len(verdicts)) == (80, 160)
    assert [verdict.text for verdict in verdicts if verdict.kept and not verdict.is_true] == []
    assert sum(not verdict.kept for verdict in true) <= 3
