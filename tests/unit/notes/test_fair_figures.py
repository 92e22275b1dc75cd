"""Figures of a comparison were measured, at settings that both sides have; a grid of files is not repeated sessions."""

import numpy as np
import pytest

from chimera_dagster.notes import Note
from chimera_dagster.notes.phrase import plain
from tests.unit.notes.folders import Row, notes_of, runs, sessions, stated, texts
from tests.unit.notes.noted import values

RNG = np.random.default_rng(7)
LOADS = (1, 2, 4, 8, 16, 32)


def around(value: float, n: int = 3) -> list[float]:
    return (value * np.exp(RNG.normal(0, 0.01, n))).tolist()


def grid(**rates: float) -> list[Row]:
    """A file for each model and load, as a script writes them."""
    rows: list[Row] = []
    for model, rate in rates.items():
        for load in LOADS:
            rows += runs(model, around(rate * load**0.5), file=f"{model}_{load}.csv", concurrency=load)
    return rows


def of(rows: list[Row], kind: str, metric: str = "decode_tok_s") -> list[Note]:
    return [note for note in notes_of(rows, kind) if note.metric == metric]


def test_files_that_are_cells_of_a_grid_are_no_sessions_over_which_a_difference_holds() -> None:
    [note] = of(grid(quick=80.0, slow=40.0), "difference")
    assert note.certainty == "in_session"


def test_the_grid_measured_twice_is() -> None:
    again = [{**row, "file": f"again_{row['file']}"} for row in grid(quick=80.0, slow=40.0)]
    [note] = of(grid(quick=80.0, slow=40.0) + again, "difference")
    assert note.certainty == "holds"


def uneven(*, alike: bool) -> list[Row]:
    """`long` alone was measured at lengths that slow it down, beside two models that share a few settings with it."""
    rows: list[Row] = []
    for model, rate, kept in (("a", 100.0, range(9)), ("b", 60.0, range(2, 12)), ("long", 50.0, range(8, 16))):
        for place in range(16) if alike else kept:
            rows += sessions(model, [around(rate * 0.8**place) for _ in range(2)], quantization=f"Q{place}")
    return rows


def test_models_that_do_not_share_their_settings_are_compared_over_those_that_two_have() -> None:
    rows = uneven(alike=False)
    note = of(rows, "difference")[0]
    said = plain(note.text)
    assert said.startswith("Over 7 settings that both have, `a` decodes "), said
    shared = [f'"Q{place}"' for place in range(2, 9)]
    expected = [
        float(np.exp(np.mean([np.log(row["value"]) for row in rows if row["model"] == name and _named(row, shared)])))
        for name in "ab"
    ]
    assert values(note, "tok/s") == pytest.approx(expected)


def _named(row: Row, names: list[str]) -> bool:
    return any(name in row["conditions"] for name in names)


def test_models_that_share_all_are_compared_over_them() -> None:
    assert "settings that both have" not in "".join(texts(notes_of(uneven(alike=True), "difference")))


def test_no_figure_of_a_difference_lies_beyond_what_was_measured() -> None:
    rows = uneven(alike=False)
    for note in of(rows, "difference"):
        for name, value in zip(note.order, values(note, "tok/s"), strict=False):
            measured = [float(row["value"]) for row in rows if row["model"] == name]
            assert not measured or value <= max(measured) * 1.001


def test_of_a_server_the_best_load_is_given_though_tasks_differ_too() -> None:
    rows: list[Row] = []
    for model, rate in (("a", 100.0), ("b", 50.0)):
        for task, factor in (("chat", 1.0), ("rag", 0.5)):
            for load in (1, 8):
                value = rate * factor * load
                rows += runs(model, around(value), "output_tok_s", f"{model}.csv", concurrency=load, task=task)
    said = plain(of(rows, "difference", "output_tok_s")[0].text)
    assert said.startswith("With 8 requests at once and `task=chat`, `a` puts out 8") or "puts out 79" in said
    assert "on average" not in said


@pytest.mark.parametrize(("other", "near"), [(100.9, True), (104.0, False)])
def test_what_differs_by_less_than_anyone_chooses_by_is_no_choice(other: float, *, near: bool) -> None:
    rows = sessions("a", [[other] * 4, [other * 1.0001] * 4, [other * 1.0002] * 4])
    rows += sessions("b", [[100.0] * 4, [100.01] * 4, [100.02] * 4])
    assert bool(of(rows, "tie")) == near and bool(of(rows, "difference")) != near
    if near:
        assert "is nearly the same" in plain(of(rows, "tie")[0].text)


def test_runs_that_scatter_are_not_called_equal() -> None:
    rows = runs("a", [100.0, 101, 99, 100, 101], "ttft_ms") + runs("b", [30.0, 900, 2000, 60, 3000], "ttft_ms")
    rows += runs("c", [5000.0, 5001, 5003, 5002, 5001], "ttft_ms")
    [note] = of(rows, "difference", "ttft_ms")
    said = plain(note.text)
    assert "the runs of `b` (" in said and "scatter too much to tell" in said and "can't be told from it" not in said


@pytest.mark.parametrize(("scatter", "told"), [((60.0, 900.0, 9000.0), True), ((99.0, 100.0, 101.0), False)])
def test_a_time_that_grows_by_far_is_not_said_not_to_change(scatter: tuple[float, ...], *, told: bool) -> None:
    rows: list[Row] = []
    for load, factor in ((1, 1.0), (4, 3.0), (16, 9.0)):
        values_of = [value * (factor if told else 1.0) for value in scatter]
        rows += runs("m", values_of, "ttft_ms", "a.csv", concurrency=load)
    said = " ".join(texts(notes_of(rows, "trend")))
    assert ("scatter too much to tell that from chance" in said) == told
    assert ("no change of the time to first token" in said.lower()) != told


def test_a_load_sweep_that_names_no_model_is_on_the_first_screen() -> None:
    rows: list[Row] = []
    for load in (1, 8, 64):
        rows += [{**row, "model": None} for row in runs("", around(100.0 * load), "output_tok_s", concurrency=load)]
    [note] = of(rows, "trend", "output_tok_s")
    assert note.weight >= 100 and note.scope.models == ()
    assert "the output throughput of the unnamed model of `a.csv` grows from" in plain(note.text)


@pytest.mark.parametrize(("at_once", "turns"), [(120.0, True), (40.0, False)])
def test_the_answer_says_where_another_model_leads(at_once: float, *, turns: bool) -> None:
    rows: list[Row] = []
    for model, first, later in (("a", 100.0, 50.0), ("b", 60.0, at_once), ("c", 50.0, 30.0)):
        for depth, value in ((0, first), (8192, later)):
            rows += runs(model, around(value, 5), "decode_tok_s", "all.csv", context_depth=depth)
    [answer] = notes_of(rows, "choice")
    said = plain(answer.text)
    assert ("With a context of 8,192 tokens, `b` decodes fastest." in said) == turns


def test_what_a_page_states_side_by_side_survives_runs_of_one_of_them() -> None:
    rows = stated("a", "page.md", mean=105.0) + stated("b", "page.md", mean=461.0)
    rows += runs("a", [110.0, 111, 112], "ttft_ms", "runs.csv", concurrency=4)
    [note] = of(rows, "difference", "ttft_ms")
    assert values(note, "ms") == [105.0, 461.0]


@pytest.mark.parametrize(("again", "compared"), [(105.7, True), (250.0, False)])
def test_values_that_a_page_states_twice_stand_for_each_other_if_they_are_near(again: float, *, compared: bool) -> None:
    twice = [
        {**row, "record": f"table {place}", "value": value}
        for place, value in ((1, 100.0), (2, again))
        for row in stated("a", "page.md", mean=1.0)
    ]
    rows = twice + stated("b", "page.md", mean=461.0)
    assert bool(of(rows, "difference", "ttft_ms")) == compared
