import json
import re
from pathlib import Path

import pandas as pd
import pytest

from chimera_dagster.evidence import fact_table
from chimera_dagster.evidence.fact_table import find_facts
from chimera_dagster.evidence.figures import render_statement
from chimera_dagster.evidence.problems import Problems
from chimera_dagster.evidence.summary import summarise
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.schemas import Facts
from tests.unit.evidence.tables import as_categories, measurements

ROOT = Path(__file__).parents[3]
REPORTS, CORPUS = ROOT / "data/reports", ROOT / "../shared/corpus"
NO_FILES = pd.DataFrame({"path": pd.Series(dtype="str"), "status": pd.Series(dtype="str")})


def facts_of(root, **options):
    ingested = read_in_memory(root)
    return Facts.validate(
        find_facts(ingested.files, summarise(ingested.measurements), ingested.measurements, **options)
    )


def facts_in(*rows):
    table = measurements(*rows)
    return Facts.validate(find_facts(NO_FILES, summarise(table), table, limit=1000))


def statements(facts, kind):
    rows = facts[facts["kind"] == kind].to_dict("records")
    return [render_statement(row["template"], json.loads(row["values"]), row["unit"]) for row in rows]


@pytest.fixture
def folder(tmp_path):
    rows = [
        "slow:1,512,10,900,",
        "slow:1,512,12,900,",
        "slow:1,1024,14,300,",
        "slow:1,1024,16,300,",
        "slow:1,1024,18,300,",
        "slow:1,512,8,900,",
        "fast:1,512,100,50,",
        "fast:1,512,110,40,",
        "fast:1,512,120,60,",
        "fast:1,512,,,lost",
        "rare:1,512,500,1,",
    ]
    (tmp_path / "a.csv").write_text("model,num_ctx,tokens_s,ttft_ms,error\n" + "\n".join(rows) + "\n")
    return tmp_path


def test_hand_computed_facts_with_their_first_source(folder):
    facts = facts_of(folder)
    found = {row.text: (row.value, row.unit, row.n, *json.loads(row.sources)[0]) for row in facts.itertuples()}
    slow = "of slow:1 by parameter set, at num_ctx=1024"
    assert found == {
        "benchmark files found": (1, "", 1, "a.csv", "file"),
        "runs measured": (10, "", 10, "a.csv", "row 1"),
        "records that report a failure": (1, "", 1, "a.csv", "row 10"),
        "highest mean decode throughput of a model, that of fast:1": (110, "tok/s", 3, "a.csv", "row 7"),
        "lowest mean time to first token of a model, that of fast:1": (50, "ms", 3, "a.csv", "row 7"),
        "mean decode throughput of fast:1 over all its runs": (110, "tok/s", 3, "a.csv", "row 7"),
        "mean decode throughput of slow:1 over all its runs": (13, "tok/s", 6, "a.csv", "row 1"),
        "mean time to first token of fast:1 over all its runs": (50, "ms", 3, "a.csv", "row 7"),
        "mean time to first token of slow:1 over all its runs": (600, "ms", 6, "a.csv", "row 1"),
        "records of fast:1 that report a failure": (1, "", 1, "a.csv", "row 10"),
        f"highest mean decode throughput {slow}": (16, "tok/s", 3, "a.csv", "row 3"),
        f"lowest mean time to first token {slow}": (300, "ms", 3, "a.csv", "row 3"),
        "highest decode throughput of a single run of rare:1, at num_ctx=512": (500, "tok/s", 1, "a.csv", "row 11"),
        "highest decode throughput of a single run of fast:1, at num_ctx=512": (120, "tok/s", 1, "a.csv", "row 9"),
        "highest decode throughput of a single run of slow:1, at num_ctx=1024": (18, "tok/s", 1, "a.csv", "row 5"),
        "lowest time to first token of a single run of rare:1, at num_ctx=512": (1, "ms", 1, "a.csv", "row 11"),
        "lowest time to first token of a single run of fast:1, at num_ctx=512": (40, "ms", 1, "a.csv", "row 8"),
        "lowest time to first token of a single run of slow:1, at num_ctx=1024": (300, "ms", 1, "a.csv", "row 3"),
    }
    assert facts["id"].tolist() == [f"F{number}" for number in range(1, 19)]


def test_the_statements_hold_the_interval_the_median_and_the_number_of_runs(folder):
    facts = facts_of(folder)
    # t(0.975, 2) · 10 / √3 = 24.84 and t(0.975, 5) · √14 / √6 = 3.927
    assert statements(facts, "model_mean")[:2] == [
        "mean decode throughput of fast:1 over all its runs: 110 tok/s "
        "(95 % interval 85.2 tok/s to 135 tok/s, median 110 tok/s, n=3)",
        "mean decode throughput of slow:1 over all its runs: 13 tok/s "
        "(95 % interval 9.07 tok/s to 16.9 tok/s, median 13 tok/s, n=6)",
    ]
    assert statements(facts, "model_failures") == ["records of fast:1 that report a failure: 1 of 4 records"]
    assert statements(facts, "best_params")[1] == (
        "lowest mean time to first token of slow:1 by parameter set, at num_ctx=1024: 300 ms "
        "(95 % interval 300 ms to 300 ms, median 300 ms, n=3)"
    )
    assert statements(facts, "best_run")[0].endswith("of a single run of rare:1, at num_ctx=512: 500 tok/s (n=1)")


def test_sources_are_all_the_records_in_the_order_of_the_file(folder):
    facts = facts_of(folder).set_index("text")
    slow = facts.loc["mean decode throughput of slow:1 over all its runs"]
    assert json.loads(slow["sources"]) == [["a.csv", f"row {number}"] for number in (1, 2, 3, 4, 5, 6)]
    best = facts.loc["highest mean decode throughput of slow:1 by parameter set, at num_ctx=1024"]
    assert json.loads(best["sources"]) == [["a.csv", f"row {number}"] for number in (3, 4, 5)]
    assert json.loads(facts.loc["runs measured", "sources"])[-1] == ["a.csv", "row 11"]


def test_at_most_a_hundred_sources_the_first_ones():
    rows = [{"file": f"{file}.json", "record": f"/runs/{n}", "value": n + 1} for file in "ba" for n in range(70)]
    [sources] = facts_in(*rows).query("kind == 'runs'")["sources"]
    expected = [["a.json", f"/runs/{n}"] for n in range(70)] + [["b.json", f"/runs/{n}"] for n in range(30)]
    assert json.loads(sources) == expected


def test_warm_and_cold_runs_are_kept_apart():
    loads = [900, 501, 100, 80, 100, 90, None]  # the lower median is 100, five times that 500
    times = [1200, 600, 100, 120, 110, 130, 5000]
    rows = [
        # the last stands in a file that gives no load times, so nobody knows how it started
        {"file": "b.csv" if load is None else "a.csv", "record": f"row {number}", "metric": metric, "value": value}
        for number, (load, time) in enumerate(zip(loads, times, strict=True), start=1)
        for metric, value in (("load_ms", load), ("ttft_ms", time))
        if value is not None
    ]
    rows.append({"record": "row 3", "metric": "load_ms", "value": 9000, "unit": None})  # of what, nobody knows
    facts = facts_in(*rows)
    [warm], [cold] = statements(facts, "warm_mean"), statements(facts, "cold_mean")
    assert warm.startswith("mean time to first token of m:1 over its warm runs: 115 ms (95 % interval ")
    assert warm.endswith(", median 115 ms, n=4)")
    assert cold == "mean time to first token of m:1 over its cold runs: 900 ms (median 900 ms, n=2)"
    [together] = facts.query("kind == 'model_mean'")["text"]
    assert together == "mean time to first token of m:1 over all its runs, warm and cold together"
    assert facts.query("kind == 'model_mean'")["value"].tolist() == [pytest.approx(7260 / 7)]
    sources = facts.set_index("kind")["sources"].map(json.loads)
    assert sources["cold_mean"] == [["a.csv", "row 1"], ["a.csv", "row 2"]]
    assert sources["warm_mean"] == [["a.csv", f"row {number}"] for number in (3, 4, 5, 6)]


@pytest.mark.parametrize(
    "loads",
    [
        (500, 10, 10),  # long for this model, but not long
        (5000, 4000, 1000),  # a large model that always loads so
        (502, 100.5, 100.5),  # 4.995 times the usual one
    ],
)
def test_a_slow_load_alone_is_not_cold(loads):
    rows = [
        {"record": f"row {number}", "metric": metric, "value": value}
        for number, load in enumerate(loads)
        for metric, value in (("load_ms", load), ("ttft_ms", 7))
    ]
    facts = facts_in(*rows)
    assert not set(facts["kind"]) & {"warm_mean", "cold_mean"}
    assert "warm" not in " ".join(facts["text"])


def test_the_95th_percentile_needs_twenty_runs():
    rows = [{"record": f"row {n}", "value": 10 * n} for n in range(1, 21)]
    facts = facts_in(*rows)
    # 0.95 · 19 = 18.05: a twentieth of the way from the 19th value to the 20th
    assert statements(facts, "model_p95") == ["ninety-fifth percentile of time to first token of m:1: 190 ms (n=20)"]
    assert facts.query("kind == 'model_p95'")["value"].tolist() == [pytest.approx(190.5)]
    assert statements(facts_in(*rows[:19]), "model_p95") == []


def test_measurements_without_a_model_are_a_share():
    rows = [{"record": f"row {n}", "value": n, "model": None if n > 5 else "m"} for n in range(1, 9)]
    assert statements(facts_in(*rows), "nameless") == ["share of measurements that name no model: 37.5 % (3 of 8)"]
    [sources] = facts_in(*rows).query("kind == 'nameless'")["sources"]
    assert json.loads(sources) == [["a.csv", f"row {n}"] for n in (6, 7, 8)]
    assert statements(facts_in(*rows[:5]), "nameless") == []


def test_aggregates_of_runs_that_no_file_lists_are_stated_with_all_that_the_file_says():
    about = {"record": "row 2", "model": "b:1", "conditions": '{"concurrency":8}', "n": 200}
    rows = [
        {"record": "row 1", "value": 10, "model": "aB:1"},
        {"record": "row 3", "value": 10, "model": "Ab:1", "aggregate": "mean"},  # its run is in row 1
        {**about, "value": 130.5, "aggregate": "mean"},
        {**about, "value": 117, "aggregate": "median"},
        {**about, "value": 26, "aggregate": "std"},
        {**about, "value": 274, "aggregate": "p99"},
        {**about, "value": 12, "aggregate": "p95", "metric": "accuracy", "unit": None},
    ]
    facts = facts_in(*rows)
    assert statements(facts, "stated") == [
        "mean time to first token of b:1 at concurrency=8, as a.csv states it: 130 ms "
        "(median 117 ms, standard deviation 26 ms, p99 274 ms, n=200)"
    ]
    [fact] = facts[facts["kind"] == "stated"].to_dict("records")
    assert (fact["n"], fact["aggregate"], fact["conditions"]) == (200, "mean", '{"concurrency":8}')
    assert json.loads(fact["sources"]) == [["a.csv", "row 2"]]


def test_a_file_that_lists_a_sample_of_its_runs_states_the_others():
    about = {"record": "/", "n": 98}
    kinds = (("mean", 60), ("median", 57), ("p50", 57), ("std", 2))
    rows = [{**about, "aggregate": kind, "value": value} for kind, value in kinds]
    facts = facts_in(*rows, {"record": "/requests/0", "value": 61})
    assert statements(facts, "stated") == [
        "mean time to first token of m:1, as a.csv states it: 60 ms (median 57 ms, standard deviation 2 ms, n=98)"
    ]


def test_numbers_of_a_page_that_nothing_tells_apart_are_only_counted():
    rows = [{"record": f"line {n}", "value": 10 + n, "aggregate": "reported"} for n in range(3)]
    facts = facts_in(*rows)
    assert statements(facts, "stated") == []
    assert statements(facts, "only_aggregates") == [
        "numbers for time to first token of m:1 that no file says the runs of: 3"
    ]
    assert statements(facts_in(rows[0]), "stated") == ["time to first token of m:1, as a.csv states it: 10 ms"]


def of_setup(model, value, record, **conditions):
    named = json.dumps(conditions, separators=(",", ":"))
    return {"model": model, "record": f"row {record}", "value": value, "conditions": named}


def test_values_are_stated_by_condition_and_never_pooled():
    rows = [
        of_setup("m:1", value, place, concurrency=8 if value > 50 else 1) for place, value in enumerate([10, 12, 90])
    ]
    facts = facts_in(*rows)
    assert statements(facts, "model_mean") == [
        "mean time to first token of m:1 at concurrency=1: 11 ms (median 11 ms, n=2)",
        "time to first token of m:1 at concurrency=8: 90 ms (n=1)",
    ]
    gpus = [{"record": f"row {n}", "value": 10 + n, "gpu": "H100" if n > 2 else "A100"} for n in range(6)]
    assert statements(facts_in(*gpus), "model_mean") == [
        "mean time to first token of m:1 at gpu=A100: 11 ms (95 % interval 8.52 ms to 13.5 ms, median 11 ms, n=3)",
        "mean time to first token of m:1 at gpu=H100: 14 ms (95 % interval 11.5 ms to 16.5 ms, median 14 ms, n=3)",
    ]


def test_a_superlative_is_within_equal_conditions_and_says_among_how_many_models():
    rows = [of_setup("slow:1", 100 + n, n, concurrency=1) for n in range(3)]
    rows += [of_setup("fast:1", 50 + n, 3 + n, concurrency=1) for n in range(3)]
    rows += [of_setup("other:1", 5 + n, 6 + n, concurrency=16) for n in range(3)]
    [best] = statements(facts_in(*rows), "best_model")
    assert best.startswith("lowest mean time to first token of a model at concurrency=1, that of fast:1: 51 ms ")
    assert "(among 2 of 3 models, 95 % interval " in best
    stated = {**of_setup("stated:1", 20, 9, concurrency=1), "aggregate": "mean"}
    [best] = statements(facts_in(*rows, stated), "best_model")
    assert best == (
        "lowest mean time to first token of a model at concurrency=1, that of stated:1, as a.csv states it: 20 ms "
        "(among 3 of 4 models)"
    )


def test_a_model_that_no_file_names_is_that_of_its_file():
    rows = [
        {"file": file, "model": None, "record": f"row {n}", "value": value + n}
        for file, value in (("a.csv", 10), ("b.csv", 90))
        for n in range(3)
    ]
    assert statements(facts_in(*rows), "model_mean") == [
        f"mean time to first token of a model that is not named ({file}) over all its runs: {mean} ms "
        f"(95 % interval {low} ms to {high} ms, median {mean} ms, n=3)"
        for file, mean, low, high in (("a.csv", 11, "8.52", "13.5"), ("b.csv", 91, "88.5", "93.5"))
    ]
    assert facts_in(*rows)["model"].isna().all()


def test_what_is_in_doubt_is_in_no_fact_and_what_is_derived_says_so():
    rows = [{"record": f"row {n}", "value": 10 + n, "derived": "prompt_eval_ms + load_ms"} for n in range(3)]
    doubtful = {"record": "row 9", "value": -5, "doubt": "a time below zero"}
    facts = facts_in(*rows, doubtful)
    assert statements(facts, "model_mean") == [
        "mean time to first token of m:1 over all its runs, derived from prompt_eval_ms + load_ms: 11 ms "
        "(95 % interval 8.52 ms to 13.5 ms, median 11 ms, n=3)"
    ]
    stated = [{"record": f"row {n}", "value": 20} for n in range(3)]  # of the same records: only the stated ones count
    [mean] = statements(facts_in(*rows, *stated), "model_mean")
    assert mean.startswith("mean time to first token of m:1 over all its runs: 20 ms ")
    assert mean.endswith("n=3)")


def test_requests_that_failed_are_counted_as_the_files_do():
    counts = {"completed_requests": 197, "failed_requests": 3}
    rows = [
        {"record": f"/{place}", "metric": metric, "value": value, "unit": "requests"}
        for place in range(2)
        for metric, value in counts.items()
    ]
    assert statements(facts_in(*rows), "failed_requests") == [
        "requests that failed, as the files count them: 6 of 400 requests"
    ]


def test_a_rule_that_fails_is_named_and_leaves_the_others(monkeypatch):
    def broken(data):
        raise KeyError("no such column")
        yield

    rules = (fact_table.RULES[0], broken, *fact_table.RULES[1:])
    monkeypatch.setattr(fact_table, "RULES", rules)
    table = measurements(*({"record": f"row {n}", "value": n + 1} for n in range(3)))
    problems = Problems()
    facts = find_facts(NO_FILES, summarise(table), table, problems=problems)
    assert "model_mean" in facts["kind"].tolist()
    [text] = problems.texts
    assert text.startswith("facts: the rule broken failed and is left out (KeyError: 'no such column', in test_fact_ta")
    with pytest.raises(KeyError):
        find_facts(NO_FILES, summarise(table), table)


def test_failures_are_counted_among_all_records_of_a_model():
    lost = {"metric": "failed", "value": 1, "unit": None, "error": True}
    rows = [
        {"record": "row 1", "value": 10},
        {"record": "row 2", "value": 10, "metric": "accuracy", "unit": None},
        {"record": "row 3", "value": 0, "error": True},
        {"record": "row 3", **lost},
        {"record": "row 4", **lost},
        {"record": "row 5", "model": "n:1", **lost},
        {"record": "row 6", "model": None, **lost},
    ]
    facts = facts_in(*rows)
    assert statements(facts, "failures") == ["records that report a failure: 4"]
    assert statements(facts, "model_failures") == [
        "records of m:1 that report a failure: 2 of 4 records",
        "records of n:1 that report a failure: 1 of 1 records",
    ]


def test_a_mean_is_stated_from_three_runs_on():
    rows = [{"record": f"row {n}", "value": n} for n in range(3)]
    assert statements(facts_in(*rows[:2]), "model_mean") == []
    assert len(statements(facts_in(*rows), "model_mean")) == 1


def test_a_metric_of_another_unit_is_not_compared():
    rows = [{"record": f"row {n}", "value": n, "unit": None} for n in range(1, 4)]
    assert facts_in(*rows)["kind"].tolist() == ["runs"]


def test_a_run_that_stands_in_two_files_is_one_run(tmp_path):
    rows = ["412.25,57.25,m:1,", "398.5,58.75,m:1,", "405.125,56.5,m:1,", ",,m:1,lost"]
    for name in "ab":
        text = "ttft_ms,tokens_s,model,error\n" + "\n".join(rows if name == "a" else rows[::-1]) + "\n"
        (tmp_path / f"{name}.csv").write_text(text)
    facts = facts_of(tmp_path).set_index("kind")
    assert facts.loc["files", "value"] == 2
    assert (facts.loc["runs", "value"], facts.loc["failures", "value"]) == (3, 1)
    assert facts.loc["model_mean", "n"].tolist() == [3, 3]


def test_what_overflows_is_not_stated():
    rows = [{"record": f"row {n}", "value": 1.5e308} for n in range(3)]
    assert facts_in(*rows)["kind"].tolist() == ["runs", "best_run"]


def test_a_model_tag_with_braces_breaks_no_template():
    rows = [{"record": f"row {n}", "value": 5, "model": "{value.__class__}"} for n in range(3)]
    assert statements(facts_in(*rows), "model_mean") == [
        "mean time to first token of {value.__class__} over all its runs: 5 ms "
        "(95 % interval 5 ms to 5 ms, median 5 ms, n=3)"
    ]


def test_the_most_important_come_first_and_the_limit_holds(folder):
    texts = facts_of(folder, limit=4)["text"].tolist()
    assert texts == [
        "benchmark files found",
        "runs measured",
        "records that report a failure",
        "highest mean decode throughput of a model, that of fast:1",
    ]


def test_many_models_leave_room_for_other_kinds():
    models = [f"m:{letter}" for letter in "abcdefghij"]
    rows = [
        {"record": f"row {place}{n}", "value": 10 + place, "model": model}
        for place, model in enumerate(models)
        for n in range(3)
    ]
    kinds = facts_in(*rows)["kind"].tolist()
    assert kinds[:14] == ["runs", "best_model", *["model_mean"] * 8, *["best_run"] * 4]
    assert kinds[14:] == [*["model_mean"] * 2, *["best_run"] * 6]


def test_without_measurements_only_files_are_counted(tmp_path):
    (tmp_path / "a.md").write_text("words")
    (tmp_path / "b.json").write_text("{")
    facts = facts_of(tmp_path)
    assert facts[["text", "value", "sources"]].values.tolist() == [
        ["benchmark files found", 2, '[["a.md", "file"], ["b.json", "file"]]'],
        ["benchmark files that could not be read", 1, '[["b.json", "file"]]'],
    ]


@pytest.mark.parametrize(
    "root",
    [REPORTS, pytest.param(CORPUS, marks=pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here"))],
)
def test_rows_in_any_order_and_categories_give_the_same_bytes(root):
    ingested = read_in_memory(root)
    tables = ingested.files, summarise(ingested.measurements), ingested.measurements
    expected = find_facts(*tables).to_csv()
    for seed in range(3):
        files, statistics, measured = (table.sample(frac=1, random_state=seed) for table in tables)
        assert find_facts(files, statistics, measured).to_csv() == expected
        assert find_facts(files, statistics, as_categories(measured)).to_csv() == expected


def test_the_samples_texts_hold_no_measured_figure_and_every_source_exists():
    facts = facts_of(REPORTS)
    measured = set(zip(*(read_in_memory(REPORTS).measurements[name] for name in ("file", "record")), strict=True))
    assert len(facts) == 40
    for row in facts.itertuples():
        words = re.sub(r"\S+:[\d.]+[mb]|\w+=[\d.]+", "", row.text)
        assert not re.search(r"\d", words), row.text
        assert all(record == "file" or (file, record) in measured for file, record in json.loads(row.sources))
        assert json.loads(row.values)["value"] == row.value
    assert facts.loc[facts["text"] == "runs measured", "value"].tolist() == [324]


PRECISIONS = (("alpha:7b", "int4", 92), ("alpha:7b", "fp16", 42), ("beta:7b", "fp16", 47))


def test_a_superlative_says_a_condition_that_varies_for_another_model():
    runs = [(model, dtype, base + more) for model, dtype, base in PRECISIONS for more in (0, 1, 2)]
    about = {"metric": "decode_tok_s", "unit": "tok/s"}
    rows = [
        about | {"record": f"row {place}", "model": model, "conditions": f'{{"dtype":"{dtype}"}}', "value": value}
        for place, (model, dtype, value) in enumerate(runs, start=1)
    ]
    (best,) = statements(facts_in(*rows), "best_model")
    assert best.startswith("highest mean decode throughput of a model at dtype=fp16, that of beta:7b: 48 tok/s")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("gsm8k", "GSM8K"),
        ("HumanEval", "HumanEval"),
        ("mmlu", "MMLU"),
        ("arc_challenge", "ARC-Challenge"),
        ("hellaswag", "HellaSwag"),
        ("truthfulqa", "TruthfulQA"),
        ("gpqa", "GPQA"),
        ("IFEval", "IFEval"),
    ],
)
def test_scores_of_benchmarks_beside_a_speed_reach_the_facts(tmp_path, column, words):
    (tmp_path / "a.csv").write_text(f"model,{column},tokens_per_sec\nqwen2.5:7b,85.1,78.4\nmistral:7b,52.0,80.1\n")
    facts = facts_of(tmp_path)
    scores = facts[facts["text"].str.contains(f"{words} score")]
    assert {0.851, 0.52} <= {*scores["value"]}
    assert any("qwen2.5:7b" in text for text in statements(scores, "best_model"))


def test_a_score_on_a_scale_of_its_own_and_a_column_that_only_sounds_like_a_score(tmp_path):
    (tmp_path / "a.csv").write_text(
        "model,mt_bench,my_bench,tokens_per_sec\nqwen2.5:7b,8.1,3,78.4\nmistral:7b,7.2,4,80\n"
    )
    facts = facts_of(tmp_path)
    assert {8.1, 7.2} <= {*facts[facts["text"].str.contains("MT-Bench score")]["value"]}
    assert not facts["text"].str.contains("my_bench").any()
