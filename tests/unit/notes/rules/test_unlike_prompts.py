"""Models whose prompts have other numbers of tokens at equal settings are not compared without saying so."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import Noted, notes_of, wordings


def folder(tmp_path: Path, more: int) -> Noted:
    rng = np.random.default_rng(8)
    rows = [
        run(name, 50, noisy(rng, ttft)) | {"prompt_tokens": tokens + place % 2, "prompt_words": words}
        for name, tokens, ttft in (("a:1b", 16, 90), ("b:2b", more, 300))
        for words in (12, 25)
        for place in range(5)
    ]
    write_csv(tmp_path / "a_runs.csv", [row | {"prompt_eval_count": row.pop("prompt_tokens")} for row in rows])
    return notes_of(tmp_path, "unlike_prompts")


def test_far_more_tokens_are_a_risk(tmp_path: Path) -> None:
    note = folder(tmp_path, 45).only
    assert wordings(note)[0].startswith("At equal settings a prompt of `b:2b` has 45 tokens and one of `a:1b` 16: ")
    assert (note.section, note.metric, note.scope.models) == ("risks", "ttft_ms", ("a:1b", "b:2b"))
    assert len(note.sources) == 20


@pytest.mark.parametrize("more", [16, 22, 6])
def test_nearly_as_many_or_fewer_of_the_slower_one_are_not(tmp_path: Path, more: int) -> None:
    assert folder(tmp_path, more).notes == []


def test_without_a_count_nothing_is_said(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run(name, 50, 90 + place) for name in ("a:1b", "b:2b") for place in range(4)])
    assert notes_of(tmp_path, "unlike_prompts").notes == []
