"""A model whose answers only the limit of tokens ends is said to be, beside one that stops by itself."""

from pathlib import Path

import pytest

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import Noted, notes_of, wordings


def folder(tmp_path: Path, **reasons: list[str]) -> Noted:
    rows = [
        run(f"{name}:1b", 50 + place, 80) | {"prompt": f"prompt {place}", "done_reason": reason}
        for name, of_model in reasons.items()
        for place, reason in enumerate(of_model)
    ]
    write_csv(tmp_path / "a_runs.csv", rows)
    return notes_of(tmp_path, "never_stops")


def test_a_model_that_never_stops_beside_one_that_does_is_on_the_first_screen(tmp_path: Path) -> None:
    note, risk = folder(tmp_path, base=["length"] * 12, chat=["length"] * 6 + ["stop"] * 6).notes
    assert wordings(note)[0] == (
        "All 12 answers of `base:1b` ended at the token limit, and only 6 of 12 of `chat:1b`: either it has "
        "more to say, or it never stops by itself, like a base model."
    )
    assert note.weight >= 100
    assert (note.scope.models, note.scope.n, risk.section) == (("base:1b",), 12, "risks")
    assert len(note.sources) == 12


def test_alone_only_the_length_is_said(tmp_path: Path) -> None:
    note = folder(tmp_path, base=["length"] * 12).only
    assert wordings(note)[0] == "All 12 answers of `base:1b` ended at the token limit, so their length is that limit."
    assert note.weight < 100


def test_beside_one_that_often_reaches_the_limit_too_the_limit_may_just_be_low(tmp_path: Path) -> None:
    note = folder(tmp_path, base=["length"] * 12, chat=["length"] * 9 + ["stop"] * 3).only
    assert "never stops" not in wordings(note)[0]


@pytest.mark.parametrize("reasons", [["length"] * 9, ["length"] * 10 + ["stop"] * 2, [""] * 12])
def test_few_answers_or_some_that_stop_or_no_reason_are_nothing(tmp_path: Path, reasons: list[str]) -> None:
    assert folder(tmp_path, base=reasons).notes == []
