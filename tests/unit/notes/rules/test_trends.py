"""Trends over load and length: from the first level to the last, the knee in plain words, and nothing from chance."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from chimera_dagster.steps.evidence import Evidence
from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import Noted, notes_of, values, wordings

LOADS = (1, 2, 8, 32)


def loads(
    tmp_path: Path,
    ttft: Mapping[str, tuple[float, ...]],
    decode: tuple[float, ...] = (50, 50, 50, 50),
    n: int = 4,
    share: float = 0.01,
    name: str = "concurrency",
) -> Noted:
    rng = np.random.default_rng(41)
    rows = [
        run(model, noisy(rng, decode[at], share), noisy(rng, times[at], share)) | {name: load}
        for model, times in ttft.items()
        for at, load in enumerate(LOADS[: len(times)])
        for _ in range(n)
    ]
    write_csv(tmp_path / "a_runs.csv", rows)
    return notes_of(tmp_path, "trend")


def of(found: Noted, metric: str | None) -> list[str]:
    [note] = [note for note in found.notes if note.metric == metric]
    return wordings(note)


def test_the_knee_of_a_time_is_said_in_plain_words(tmp_path: Path) -> None:
    found = loads(tmp_path, {"m:7b": (100, 105, 130, 2300)})
    one, other = of(found, "ttft_ms")
    assert one.startswith(
        "Up to 8 requests at once, the time to first token of `m:7b` stays within 1.5 times that with one request at "
        "a time ("
    )
    assert "; with 32 requests at once it is 2.3 s. That holds within these sessions; in others it may not." in one
    assert (
        "; up to 8 requests at once it stays within 1.5 times that, and with 32 requests at once it is 2.3 s" in other
    )
    [note] = [note for note in found.notes if note.metric == "ttft_ms"]
    assert (note.section, note.certainty, note.order) == ("performance", "in_session", ())
    assert (note.scope.models, note.scope.n, note.scope.files, note.scope.runs) == (("m:7b",), 16, 1, "warm")
    assert note.sources == tuple(("a_runs.csv", f"row {place}") for place in range(1, 17))
    assert str(found.findings.set_index("id").loc[note.findings[0], "text"]).startswith("Time to first token of m:7b")


def test_its_figures_are_the_geometric_means_of_the_measurements(tmp_path: Path) -> None:
    found = loads(tmp_path, {"m:7b": (100, 105, 130, 2300)})
    rows = found.rows("ttft_ms")
    load = rows["conditions"].str.extract(r'"concurrency":(\d+)')[0]
    means = rows["value"].groupby(load.to_numpy()).agg(scipy.stats.gmean)
    [note] = [note for note in found.notes if note.metric == "ttft_ms"]
    assert values(note, "ms") == pytest.approx([means["1"], means["32"]])
    assert set(values(note, "")) == {1.5, 8, 32}
    assert means["8"] <= 1.5 * means["1"] < means["32"]


def test_models_that_behave_alike_are_told_together(tmp_path: Path) -> None:
    found = loads(tmp_path, {"a:1b": (100, 105, 130, 2300), "b:2b": (200, 210, 220, 3100)})
    one, _ = of(found, "ttft_ms")
    assert "the time to first token of `a:1b` and `b:2b` stays within 1.5 times" in one
    assert one.split("; ")[1].startswith("with 32 requests at once it is 2.3 s and 3.1 s.")
    [note] = [note for note in found.notes if note.metric == "ttft_ms"]
    assert (note.scope.models, note.scope.n, len(note.findings)) == (("a:1b", "b:2b"), 32, 2)


def test_models_that_behave_otherwise_are_told_apart(tmp_path: Path) -> None:
    found = loads(tmp_path, {"a:1b": (100, 105, 130, 2300), "b:2b": (200, 900, 2200, 3100)})
    models = [note.scope.models for note in found.notes if note.metric == "ttft_ms"]
    assert sorted(models) == [("a:1b",), ("b:2b",)]
    [late] = [note for note in found.notes if note.scope.models == ("b:2b",) and note.metric == "ttft_ms"]
    assert " with 2 requests at once it is already more than 1.5 times the first." in wordings(late)[0]


@pytest.mark.parametrize(
    ("decode", "said"),
    [
        ((100, 200, 390, 400), "up to 8 requests at once, the decode throughput of `m:7b` grows from"),
        ((100, 200, 400, 800), "; it has not levelled off there."),
        ((100, 200, 400, 150), "is highest with 8 requests at once ("),
        ((400, 390, 200, 100), "; up to 2 requests at once it keeps 90 % of the highest."),
        ((400, 200, 150, 100), "over 1 to 32 requests at once, the decode throughput of `m:7b` falls from"),
    ],
)
def test_the_shape_of_a_rate(tmp_path: Path, decode: tuple[float, ...], said: str) -> None:
    found = loads(tmp_path, {"m:7b": (100, 105, 130, 2300)}, decode=decode)
    assert said.casefold() in of(found, "decode_tok_s")[0].casefold()


def test_what_chance_may_have_moved_is_not_called_a_trend(tmp_path: Path) -> None:
    found = loads(tmp_path, {"m:7b": (100, 100, 100, 100)}, share=0.05)
    note = found.only
    assert wordings(note) == [
        "Over 1 to 32 requests at once, no change of the decode throughput or time to first token of `m:7b` can be "
        "told from chance.",
        "No change of the decode throughput or time to first token of `m:7b` over 1 to 32 requests at once can be "
        "told from chance.",
    ]
    assert (note.certainty, note.scope.n) == ("tie", 16)


def test_a_trend_in_each_of_several_sessions_holds(tmp_path: Path) -> None:
    rng = np.random.default_rng(42)
    for session in range(4):
        rows = [run("m:7b", noisy(rng, 50 * load), concurrency=load) for load in LOADS for _ in range(2)]
        write_csv(tmp_path / f"{session}_runs.csv", rows)
    [note] = [note for note in notes_of(tmp_path, "trend").notes if note.metric == "decode_tok_s"]
    assert (note.certainty, note.scope.files) == ("holds", 4)
    assert all(text.endswith("That is more than chance.") for text in wordings(note))


def test_levels_measured_once_are_said_to_be(tmp_path: Path) -> None:
    found = loads(tmp_path, {"m:7b": (100, 105, 130, 2300)}, n=1)
    assert {note.certainty for note in found.notes} == {"plain"}
    assert all("Each value was measured once, so chance is not ruled out." in text for text in of(found, "ttft_ms"))


def test_one_level_is_not_a_trend(tmp_path: Path) -> None:
    assert loads(tmp_path, {"m:7b": (100,)}).notes == []


def test_lengths_are_spoken_of_as_lengths(tmp_path: Path) -> None:
    found = loads(tmp_path, {"m:7b": (100, 200, 800, 3200)}, name="prompt_words")
    text = of(found, "ttft_ms")[1]
    assert " over prompts of 1 to 32 words, and is already more than 1.5 times as long with prompts of 2 words." in text


def test_its_values_are_those_of_the_table_by_configuration(tmp_path: Path) -> None:
    found = loads(tmp_path, {"m:7b": (100, 130, 400, 2300)}, share=0.4)
    rows = Evidence(found.files, found.measurements).brief.by_configuration
    by_load = [
        value.value for row in rows for column, value in row.values.items() if column.measure.metric == "ttft_ms"
    ]
    assert len(by_load) == len(LOADS)
    [note] = [note for note in found.notes if note.metric == "ttft_ms"]
    said = values(note, "ms")
    assert len(said) > 1
    assert all(any(value == pytest.approx(known) for known in by_load) for value in said)


def test_values_that_are_the_same_in_all_sessions_and_differ_between_levels_are_a_trend(tmp_path: Path) -> None:
    for session in range(3):
        rows = [
            run("a:1b", rate, 80 + session + load) | {"concurrency": load}
            for load, rate in ((1, 40), (4, 30), (16, 20))
        ]
        write_csv(tmp_path / f"{session}_runs.csv", rows)
    [note] = [note for note in notes_of(tmp_path, "trend").notes if note.metric == "decode_tok_s"]
    assert note.certainty == "holds"
    assert "can be told from chance" not in wordings(note)[0]
