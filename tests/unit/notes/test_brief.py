"""A brief has every figure of its tables and charts from the runs, and says how much of the folder that is."""

from math import exp, log

import numpy as np
import pandas as pd
import pytest

from chimera_dagster.notes.brief import Brief
from chimera_dagster.notes.performance import Column, Row, columns_of
from chimera_dagster.steps.evidence import Evidence
from tests.unit.evidence.findings.tables import no_files
from tests.unit.evidence.tables import measurements
from tests.unit.notes.folders import Row as Measured
from tests.unit.notes.folders import runs, sessions, stated

RNG = np.random.default_rng(3)


def brief_of(rows: list[Measured], problems: int = 0) -> Brief:
    files = no_files().assign(**dict.fromkeys(("numbers", "covered", "measurements"), 0), unread="{}")
    found = Evidence(files, measurements(*rows)).brief
    assert len(found.problems) == problems
    return found


def value_of(rows: tuple[Row, ...], model: str, metric: str, *, cold: bool = False, **setup: object):
    [row] = [row for row in rows if row.model == model and setup.items() <= row.setup.items()]
    [value] = [value for column, value in row.values.items() if column.measure.metric == metric and column.cold == cold]
    return value


def two_models() -> list[Measured]:
    rows: list[Measured] = []
    for name, ttft in (("quick", 90.0), ("slow", 300.0)):
        values = (ttft * np.exp(RNG.normal(0, 0.02, (3, 8)))).tolist()
        rows += sessions(name, values, "ttft_ms", concurrency=1)
    return rows


def test_notes_are_numbered_as_their_table_is() -> None:
    found = brief_of(two_models())
    assert [each.id for each in found.notes] == [f"N{place}" for place in range(1, len(found.notes) + 1)]
    assert found.notes[0].note.section == "answer"
    assert found.models == ("quick", "slow")


def test_a_value_by_configuration_is_the_geometric_mean_of_its_runs_with_where_they_are() -> None:
    values = [40.0, 44.0, 50.0]
    found = brief_of(runs("m", values, concurrency=8, file="x.csv") + runs("m", [30.0], concurrency=1, file="y.csv"))
    value = value_of(found.by_configuration, "m", "decode_tok_s", concurrency=8)
    assert value.value == pytest.approx(exp(sum(map(log, values)) / 3))
    assert value.low < value.value < value.high  # pyright: ignore
    assert (value.n, value.kind, value.stated) == (3, "geometric mean", False)
    assert [file for file, _ in value.sources] == ["x.csv"] * 3
    assert len(set(value.sources)) == 3
    alone = value_of(found.by_configuration, "m", "decode_tok_s", concurrency=1)
    assert (alone.value, alone.low, alone.high, alone.n) == (pytest.approx(30.0), None, None, 1)


def test_what_a_file_states_is_marked_so() -> None:
    found = brief_of(stated("m", "s.json", mean=120.0, n=50, concurrency=4))
    value = value_of(found.by_configuration, "m", "ttft_ms")
    assert (value.value, value.n, value.kind, value.stated) == (120.0, 50, "mean", True)
    assert value.sources == (("s.json", "/"),)


def test_the_configurations_with_the_most_runs_come_first_and_equal_ones_side_by_side() -> None:
    rows = runs("a", [40.0], concurrency=1) + runs("b", [50.0], concurrency=1)
    rows += runs("a", [40.0] * 5, concurrency=8) + runs("b", [50.0], concurrency=8)
    found = brief_of(rows).by_configuration
    assert [(row.model, row.setup["concurrency"]) for row in found] == [("a", 8), ("b", 8), ("a", 1), ("b", 1)]


def test_models_are_in_the_order_of_the_first_measure_with_their_values_at_its_setting() -> None:
    rows = two_models()
    found = brief_of(rows)
    assert [row.model for row in found.by_model] == ["quick", "slow"]
    for name in ("quick", "slow"):
        of_model = [row["value"] for row in rows if row["model"] == name]
        value = value_of(found.by_model, name, "ttft_ms")
        assert value.value == pytest.approx(np.exp(np.mean(np.log(of_model))))
        assert (value.n, value.kind) == (24, "geometric mean")
        assert value.low < value.value < value.high  # pyright: ignore


def test_over_a_load_models_have_their_values_at_both_ends_and_a_server_at_its_best_level() -> None:
    rng = np.random.default_rng(8)
    rows: list[Measured] = []
    for load, rate in ((1, 50.0), (16, 600.0), (64, 500.0)):
        for name, factor in (("quick", 1.0), ("slow", 0.5)):
            for metric, usual in (("ttft_ms", 40.0 * load / factor), ("output_tok_s", rate * factor)):
                values = (usual * np.exp(rng.normal(0, 0.01, (3, 4)))).tolist()
                rows += sessions(name, values, metric, concurrency=load)
    found = brief_of(rows)
    shown = [(column.measure.metric, column.at) for column in columns_of(found.by_model)]
    assert shown == [
        ("ttft_ms", "1 request"),
        ("ttft_ms", "64 requests at once"),
        ("output_tok_s", "16 requests at once"),
    ]
    [best] = [row for row in found.by_model if row.model == "quick"]
    assert [round(value.value, -1) for value in best.values.values()] == pytest.approx([40, 2_560, 600], rel=0.02)


def test_models_of_which_none_has_all_settings_have_the_means_of_their_own_runs() -> None:
    rng = np.random.default_rng(9)
    rows: list[Measured] = []
    for place in range(12):
        for name, factor in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
            if name != "c" or place == 11:
                values = (90.0 * factor * (1 + place / 10) * np.exp(rng.normal(0, 0.01, (2, 3)))).tolist()
                rows += sessions(name, values, "ttft_ms", dataset=f"set {place}")
    found = brief_of(rows).by_model
    assert len(found) == 3
    for row in found:
        own = [each["value"] for each in rows if each["model"] == row.model]
        [value] = row.values.values()
        assert value.value == pytest.approx(np.exp(np.mean(np.log(own))))


def loading(model: str, ttft: list[float], load: list[float]) -> list[Measured]:
    """Runs that have both a time to first token and a load time."""
    rows = runs(model, ttft, "ttft_ms", f"{model}.csv", concurrency=1)
    loads = runs(model, load, "load_ms", f"{model}.csv", concurrency=1)
    return [*rows, *loads]


def test_cold_starts_have_a_column_and_a_chart_of_medians() -> None:
    warm, cold = [90.0, 95.0, 92.0, 91.0, 94.0, 93.0, 90.5, 92.5], [2_000.0, 2_300.0]
    rows = loading("m", warm + cold, [10.0] * 8 + [1_800.0, 2_000.0])
    found = brief_of(rows)
    value = value_of(found.by_configuration, "m", "ttft_ms", cold=True)
    assert (value.value, value.n, value.kind) == (2_150.0, 2, "median")
    assert {record for _, record in value.sources} == {row["record"] for row in rows if row["value"] in cold}
    [load] = found.charts.loads
    assert (load.model, load.warm, load.warm_runs, load.cold, load.cold_runs) == (
        "m",
        np.median(warm),
        8,
        2_150.0,
        2,
    )


def test_a_load_is_drawn_as_throughput_against_latency_from_three_levels_on() -> None:
    rows: list[Measured] = []
    for level in (1, 4, 16):
        rows += stated("m", f"{level}.json", "output_tok_s", mean=100.0 * level, concurrency=level)
        rows += stated("m", f"{level}.json", "ttft_ms", mean=50.0 + level, concurrency=level)
    load = brief_of(rows).charts.load
    assert load is not None
    assert (load.name, load.x.metric, load.y.metric) == ("concurrency", "ttft_ms", "output_tok_s")  # pyright: ignore
    [curve] = load.curves
    assert (curve.levels, curve.x, curve.y) == ([1, 4, 16], [51, 54, 66], [100, 400, 1_600])
    assert brief_of([row for row in rows if "16" not in row["file"]]).charts.load is None


def test_a_rate_is_drawn_over_the_length_of_the_prompt() -> None:
    rows: list[Measured] = []
    for words in (25, 50, 100):
        rows += runs("m", [1_000.0 / words] * 3, "prefill_tok_s", f"{words}.csv", prompt_words=words)
    [curves] = brief_of(rows).charts.lengths
    assert (curves.name, curves.x, curves.y.metric) == ("prompt_words", None, "prefill_tok_s")
    [curve] = curves.curves
    assert curve.x == curve.levels == [25, 50, 100]
    assert curve.y == pytest.approx([40, 20, 10])


def test_percentiles_are_those_of_the_runs_that_were_compared() -> None:
    rows = two_models()
    found = brief_of(rows)
    for spread in found.charts.spread:
        values = [row["value"] for row in rows if row["model"] == spread.model]
        assert spread.n == 24
        assert spread.percentiles == pytest.approx(np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95)))


def test_coverage_counts_files_runs_and_numbers_and_names_what_does_not_count() -> None:
    files = pd.DataFrame(
        [
            {"path": "a.csv", "status": "ok", "reason": "", "numbers": 10, "covered": 9, "unread": '{"zeta": 1}'},
            {"path": "b.json", "status": "malformed", "reason": "cut off", "numbers": 0, "covered": 0, "unread": "{}"},
            {"path": "c.csv", "status": "empty", "reason": "no rows", "numbers": 0, "covered": 0, "unread": "{}"},
            {"path": "d.md", "status": "left_out", "reason": "", "numbers": 5, "covered": 0, "unread": "{}"},
        ]
    ).assign(measurements=2)
    evidence = Evidence(files, measurements(*runs("m", [40.0, 41.0])))
    coverage = evidence.brief.coverage
    assert (coverage.files, coverage.not_in_full, coverage.runs) == (3, 1, 2)
    assert (coverage.numbers, coverage.covered, coverage.share) == (10, 9, 0.9)
    assert [(each.path, each.status) for each in coverage.unread] == [("b.json", "malformed"), ("c.csv", "empty")]
    assert [tuple(each) for each in coverage.unknown] == [("zeta", 1, 1)]


def test_every_finding_that_a_note_names_is_there_with_its_text() -> None:
    rows = two_models()
    evidence = Evidence(no_files(), measurements(*rows))
    table = evidence.findings.set_index("id")
    found = brief_of(rows)
    cited = {name for each in found.notes for name in (*each.note.findings, *each.note.facts)}
    assert {proof.id for proof in found.proofs} == cited
    assert cited
    assert all(proof.text == table.loc[proof.id, "text"] for proof in found.proofs if proof.id.startswith("D"))


def test_a_table_that_fails_is_named_and_the_rest_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("chimera_dagster.notes.brief.by_configuration", broken)
    found = brief_of(two_models(), problems=1)
    assert found.by_configuration == ()
    assert len(found.by_model) == 2
    [problem] = found.problems
    assert problem.startswith("brief: the rule by_configuration failed and is left out")


def test_columns_stand_in_the_order_in_which_they_answer() -> None:
    rows = runs("m", [40.0], "decode_tok_s") + runs("m", [90.0], "ttft_ms") + runs("m", [900.0], "prefill_tok_s")
    found = columns_of(brief_of(rows).by_configuration)
    assert [column.measure.metric for column in found] == ["ttft_ms", "decode_tok_s", "prefill_tok_s"]
    assert all(isinstance(column, Column) for column in found)


def test_nothing_measured_is_a_brief_too() -> None:
    found = brief_of([])
    assert (found.models, found.by_model, found.by_configuration) == ((), (), ())
    assert found.notes[0].note.kind == "choice"


def test_what_the_answer_rests_on_leads() -> None:
    rng = np.random.default_rng(2)
    rows = []
    for load, more in ((1, 1.0), (8, 4.0)):
        for name, ttft in (("a", 90.0), ("b", 300.0)):
            values = (ttft * more * np.exp(rng.normal(0, 0.01, (4, 5)))).tolist()
            rows += sessions(name, values, "ttft_ms", concurrency=load, gpu="A100" if load == 1 else "H100")
    brief = brief_of(rows)
    [answer] = brief.of("answer")
    assert set(brief.leading[0].note.findings) & set(answer.note.findings)
