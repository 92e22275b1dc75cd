"""A file that repeats the runs of another is known, and nothing is known for it by chance."""

from pathlib import Path

import pytest

from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.ingest.folder import read_in_memory
from tests.unit.evidence.tables import as_categories, measurements

CORPUS = Path(__file__).parents[3] / "../shared/corpus"
RUNS = [(412.25, 57.25), (398.5, 58.75), (405.125, 56.5)]


def rows_of(file, runs, **other):
    return [
        {"file": file, "record": f"row {number}", "metric": metric, "value": value, "unit": unit, **other}
        for number, run in enumerate(runs, start=1)
        for metric, unit, value in zip(("ttft_ms", "decode_tok_s"), ("ms", "tok/s"), run, strict=True)
    ]


def test_the_later_file_is_the_twin_whatever_its_order_and_its_model():
    rows = [*rows_of("b.json", RUNS[::-1], model="m"), *rows_of("a.csv", RUNS), *rows_of("c.md", RUNS)]
    assert duplicate_runs(measurements(*rows)) == {"b.json": "a.csv", "c.md": "a.csv"}


def test_values_agree_to_nine_significant_digits():
    # seconds and nanoseconds of one duration differ in their last bit; 999.9999999996 is 1000 to nine digits
    close = [(412.25000000001, 57.25), (398.49999999999994, 58.75), (405.125, 56.5)]
    assert duplicate_runs(measurements(*rows_of("a", RUNS), *rows_of("b", close))) == {"b": "a"}
    carried = [[(value, 57.25), *RUNS[1:]] for value in (1234.999996, 1235.0, 1235.00001)]
    table = measurements(*[row for name, runs in zip("abc", carried, strict=True) for row in rows_of(name, runs)])
    assert duplicate_runs(table) == {"b": "a"}
    powers = [[(value, 57.25), *RUNS[1:], (123.5, 1.25)] for value in (999.9999999996, 1000.0)]
    table = measurements(*[row for name, runs in zip("ab", powers, strict=True) for row in rows_of(name, runs)])
    assert duplicate_runs(table) == {"b": "a"}


@pytest.mark.parametrize(
    "other",
    [
        [(412.25, 57.25), (398.5, 58.75), (405.125, 56.51)],  # one number differs
        [(412.25, 58.75), (398.5, 57.25), (405.125, 56.5)],  # the same numbers in other records
        [(57.25, 412.25), (58.75, 398.5), (56.5, 405.125)],  # under other metrics
        RUNS[:2],  # four numbers may agree by chance
    ],
)
def test_what_is_no_twin(other):
    assert duplicate_runs(measurements(*rows_of("a", RUNS), *rows_of("b", other))) == {}


def test_an_earlier_file_may_hold_more():
    more = [*RUNS, (400.25, 57.75), RUNS[0]]
    assert duplicate_runs(measurements(*rows_of("a", more), *rows_of("b", [*RUNS, RUNS[0]]))) == {"b": "a"}
    assert duplicate_runs(measurements(*rows_of("a", more), *rows_of("b", RUNS), *rows_of("c", more))) == {
        "b": "a",
        "c": "a",
    }


@pytest.mark.parametrize("more", [[(400.25, 57.75)], [RUNS[0]]])
def test_so_may_a_later_one(more):
    assert duplicate_runs(measurements(*rows_of("a", RUNS), *rows_of("b", [*RUNS, *more]))) == {"a": "b"}


def logged(file, runs, **other):
    """A log of the answers, which has the times alone."""
    return [row for row in rows_of(file, runs, **other) if row["metric"] == "ttft_ms"]


EXACT = [(412.251234 + place, 57.253987 + place / 7) for place in range(8)]


def test_a_log_with_fewer_numbers_of_each_run_is_a_copy():
    both = [*logged("answers.jsonl", EXACT), *rows_of("runs.csv", [*EXACT, (300.5, 60.25)])]
    assert duplicate_runs(measurements(*both)) == {"answers.jsonl": "runs.csv"}
    several = [*both, *rows_of("again.md", EXACT)]
    assert duplicate_runs(measurements(*several)) == {"again.md": "runs.csv", "answers.jsonl": "runs.csv"}


@pytest.mark.parametrize(
    "log",
    [
        [(round(ttft), rate) for ttft, rate in EXACT],  # three digits of one number are met by chance
        [*EXACT[:-1], (EXACT[-1][0] + 0.01, EXACT[-1][1])],  # one of them differs
        [*EXACT, EXACT[0]],  # one of them is there once more
    ],
)
def test_what_is_no_log_of_these_runs(log):
    assert duplicate_runs(measurements(*logged("answers.jsonl", log), *rows_of("runs.csv", EXACT))) == {}


def test_a_log_of_another_model_is_no_copy():
    both = [
        *logged("lynx.jsonl", EXACT, model="lynx:7b", model_source="path"),
        *rows_of("wren.csv", EXACT, model="wren:8b", model_source="path"),
    ]
    assert duplicate_runs(measurements(*both)) == {}


@pytest.mark.parametrize(
    "runs",
    [
        [(0.0, 0.0)] * 15,  # runs that failed
        [(410.0, 57.0), (390.0, 58.0), (420.0, 56.0), (430.0, 59.0)],  # two digits are no measurement to tell by
        [RUNS[0]] * 10,  # many, but two different numbers
    ],
)
def test_numbers_that_say_little_are_no_evidence(runs):
    assert duplicate_runs(measurements(*rows_of("a", runs), *rows_of("b", runs))) == {}


def test_token_counts_repeat_without_being_copied():
    counts = [(101 + number, 357 + number) for number in range(20)]
    both = [*rows_of("a", counts, unit="tokens"), *rows_of("b", counts, unit="tokens")]
    assert duplicate_runs(measurements(*both)) == {}


def test_one_record_with_six_numbers_is_enough():
    single = [
        {"file": file, "record": "/", "metric": metric, "value": 100.25 + place}
        for file in "ab"
        for place, metric in enumerate(("ttft_ms", "e2e_ms", "eval_ms", "load_ms", "total_ms", "prompt_eval_ms"))
    ]
    assert duplicate_runs(measurements(*single)) == {"b": "a"}
    assert duplicate_runs(measurements(*single[:5], *single[6:11])) == {}


def test_aggregates_and_failures_are_no_runs():
    table = measurements(*rows_of("a", RUNS, aggregate="mean"), *rows_of("b", RUNS, aggregate="mean"))
    assert duplicate_runs(table) == {}
    failed = {"record": "row 9", "metric": "failed", "value": 1, "unit": None, "error": True}
    assert duplicate_runs(measurements(*rows_of("a", RUNS), *rows_of("b", RUNS), {"file": "b", **failed})) == {"b": "a"}


def test_rows_in_any_order_and_categories_give_the_same():
    table = measurements(*rows_of("z", RUNS), *rows_of("a/x", RUNS), *rows_of("b", RUNS[:2]), *rows_of("B", RUNS))
    expected = {"a/x": "B", "z": "B"}
    assert duplicate_runs(table) == expected
    assert duplicate_runs(as_categories(table)) == expected
    for seed in range(5):
        assert duplicate_runs(table.sample(frac=1, random_state=seed)) == expected


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_the_corpus_holds_three_baselines_in_two_formats():
    names = [f"reports/gemma3/{name}_baseline" for name in ("gemma3_1b-it-qat", "gemma3_270m", "gemma3")]
    duplicates = duplicate_runs(read_in_memory(CORPUS).measurements)
    assert duplicates == {f"{name}.json": f"{name}.csv" for name in names}
