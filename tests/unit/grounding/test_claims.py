"""The error rates on sentences of other writers, and where they are stated."""

import re
from pathlib import Path

from chimera_dagster.cli import check
from tests.claims.tally import in_words, table, tally, written
from tests.conftest import ROOT


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_the_help_and_the_docs_state_the_rates_as_measured() -> None:
    assert in_words() in words(Path(check.__file__).read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "grounding.md").read_text(encoding="utf-8")
    assert in_words() in words(page)
    assert table() in page


def test_the_sentences_of_three_writers_are_split_into_halves() -> None:
    assert {each.writer for each in written()} == {"w1", "w2", "w3"}
    assert {each.half for each in written()} == {"seen", "unseen"}


def test_few_false_sentences_are_supported_and_few_true_ones_contradicted() -> None:
    counts = tally("unseen")
    assert counts[False, "supported"] <= 0.1 * sum(count for (truth, _), count in counts.items() if not truth)
    assert counts[True, "contradicted"] <= 0.15 * sum(count for (truth, _), count in counts.items() if truth)
    assert counts[False, "contradicted"] > 3 * counts[True, "contradicted"]
