"""Orders of models within equal conditions: what leads, by how much, what is tied, and how sure that is."""

import numpy as np
import pytest

from chimera_dagster.notes import Note
from chimera_dagster.notes.phrase import plain
from tests.unit.notes.folders import Row, notes_of, sessions, stated


def folder(spread: float = 0.01, files: int = 4, **models: float) -> list[Row]:
    """Decode rates of each model in some sessions of five runs."""
    rng = np.random.default_rng(11)
    rows: list[Row] = []
    for name, value in models.items():
        rows += sessions(name, (value * np.exp(rng.normal(0, spread, (files, 5)))).tolist(), concurrency=1)
    return rows


def only(rows: list[Row]) -> Note:
    [note] = [note for note in notes_of(rows) if note.kind in ("difference", "tie")]
    return note


def test_two_models_are_told_apart_with_both_figures_and_the_ratio():
    note = only(folder(quick=80, slow=40))
    assert (note.kind, note.order, note.certainty) == ("difference", ("quick", "slow"), "holds")
    shown = {figure.text: figure.value for figure in note.figures}
    assert [value for text, value in shown.items() if text.endswith("tok/s")] == pytest.approx([80, 40], rel=0.02)
    assert all(
        "`quick` decodes 80" in plain(wording) or "`quick` decodes 79" in plain(wording) for wording in note.wordings
    )
    assert "2.0 times as fast" in plain(note.wordings[1]) and " 50 % slower." in plain(note.wordings[0])
    assert plain(note.text).endswith("That difference holds.")
    assert (note.scope.n, note.scope.files, note.scope.models) == (40, 8, ("quick", "slow"))


def test_equal_models_are_tied_and_it_says_what_would_have_shown():
    note = only(folder(one=60, two=60))
    assert (note.kind, note.order, note.certainty) == ("tie", (), "tie")
    assert all("apart" in plain(wording) for wording in note.wordings)
    assert all(" would have shown." in plain(wording) for wording in note.wordings)


def test_a_difference_that_nobody_could_miss_is_not_given_as_what_would_have_shown():
    rows: list[Row] = []
    for name, more in (("one", 1.0), ("two", 1.1)):
        rows += sessions(name, [[4.0 * more, 60.0 * more, 900.0 * more]], concurrency=1)
    note = only(rows)
    assert note.kind == "tie"
    for wording in note.wordings:
        assert plain(wording).endswith("or they scatter too much, to show even a tenfold difference.")


def test_one_session_of_each_is_no_difference_that_holds():
    note = only(folder(files=1, quick=80, slow=40))
    assert note.certainty == "in_session"
    assert "within these sessions" in plain(note.text)


def test_of_many_models_the_first_the_tied_the_next_and_the_last_are_named():
    note = only(folder(a=100, b=100, c=80, d=70, e=60, f=50))
    said = plain(note.text)
    assert note.order[-1] == "f" and {*note.order[:2]} == {"a", "b"}
    assert "can't be told from it; " in said and "`f` comes last with " in said
    assert "`c` with 80" in said and "is 25 % faster" in said  # than the next best, not than the last
    assert not any(f"`{name}`" in said for name in "de")


@pytest.mark.parametrize(("other", "kind"), [(94.0, "tie"), (150.0, "difference")])
def test_stated_values_that_are_close_are_not_put_in_an_order(other: float, kind: str):
    rows = stated("a", "a.json", mean=90.0, concurrency=1) + stated("b", "b.json", mean=other, concurrency=1)
    note = only(rows)
    assert note.kind == kind
    assert ("was not tested" in plain(note.text)) == (kind == "difference")


def over_loads(metric: str, **loads: tuple[int, ...]) -> str:
    rng = np.random.default_rng(3)
    rows: list[Row] = []
    for name, levels in loads.items():
        for load in levels:
            values = (load * 10 * len(name) * np.exp(rng.normal(0, 0.01, (4, 3)))).tolist()
            rows += sessions(name, values, metric, concurrency=load)
    return next(plain(note.text) for note in notes_of(rows, "difference"))


def test_settings_that_differ_in_a_load_alone_are_said_by_it():
    said = over_loads("decode_tok_s", a=(1, 2, 4), bb=(1, 2, 4))
    assert said.startswith("With one request at a time, `bb` decodes ") and "; with 4 requests at once it is " in said


def test_a_rate_of_the_server_is_given_at_its_best_load():
    said = over_loads("output_tok_s", a=(1, 2, 4), bb=(1, 2, 4))
    assert said.startswith("With 4 requests at once, `bb` puts out 8") or said.startswith(
        "With 4 requests at once, `bb` puts out 79"
    )
    assert "one request" not in said


def test_settings_that_only_some_models_share_are_said_to_be():
    said = over_loads("decode_tok_s", a=(1, 2, 4), bb=(1, 2, 4), ccc=(1, 2))
    assert said.startswith("With one request at a time, `ccc` decodes ")
    assert "; with 2 requests at once it is " in said and "4 requests" not in said


def test_a_test_that_would_miss_a_tenfold_difference_states_no_number():
    rows = sessions("a:1b", [[2.0], [900.0], [30.0]]) + sessions("b:1b", [[700.0], [3.0], [60.0]])
    note = next(note for note in notes_of(rows, section="performance") if note.kind == "tie")
    for wording in note.wordings:
        text = plain(wording)
        assert "there are too few runs, or they scatter too much, to show even a tenfold difference" in text
        assert "would have shown" not in text
