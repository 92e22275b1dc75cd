"""Text fields without a name in the vocabulary: which are conditions, and which say nothing of how a run was made."""

import json

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.markdown_reader import read_markdown
from chimera_dagster.ingest.unlisted_settings import settings_among
from tests.unit.evidence.findings.tables import found_in
from tests.unit.ingest.reading import read


def conditions(found):
    """The conditions of each record, in order."""
    return list({row["record"]: json.loads(row["conditions"]) for row in found.rows}.values())


def table(names, *rows):
    return settings_among(tuple(names.split(",")), [row.split(",") for row in rows])


@pytest.mark.parametrize("name", ["technique", "Fusion", "kv layout", "launcher", "x_mode", "Config"])
def test_a_text_column_whose_values_repeat_is_a_condition(name):
    assert table(f"{name},seconds", "eager,1.5", "lazy,1.2", "eager,1.6", "lazy,1.1") == {name}


def test_its_value_is_a_condition_of_each_row_and_no_number_is_lost():
    text = "model,Fusion,run,ttft_ms\nlynx:7b,eager,1,80\nlynx:7b,eager,2,82\nlynx:7b,lazy,1,70\nlynx:7b,lazy,2,71\n"
    found = read(read_csv, text)
    assert conditions(found) == [{"fusion": "eager"}] * 2 + [{"fusion": "lazy"}] * 2
    assert found.values("metric", "value") == [("ttft_ms", value) for value in (80, 82, 70, 71)]


def test_in_a_small_table_of_aggregates_each_value_may_stand_once():
    text = (
        "| Configuration | TTFT (ms) |\n|---|---|\n| plain | 90 |\n| **+ graphs** | 80 |\n| + graphs + drafter | 60 |\n"
    )
    found = conditions(read(read_markdown, text))
    assert found == [{"configuration": value} for value in ("plain", "+ graphs", "+ graphs + drafter")]


def test_none_is_a_value_of_a_setting_and_an_empty_cell_is_not():
    text = "model,prefetch,ttft_ms\na:1b,none,80\na:1b,disk,60\nb:2b,none,90\nb:2b,,95\nb:2b,disk,70\na:1b,,81\n"
    assert [each.get("prefetch") for each in conditions(read(read_csv, text))] == [
        *("none", "disk", "none", None, "disk", None)
    ]


def test_the_fields_of_json_records_and_of_the_objects_that_describe_them():
    runs = [
        {"model": "a:1b", "launcher": how, "config": {"graphs": graphs, "note": "x"}, "ttft_ms": ttft}
        for how, graphs, ttft in (("fork", True, 80), ("spawn", False, 90), ("fork", False, 81), ("spawn", True, 91))
    ]
    expected = [
        {"graphs": "true", "launcher": "fork"},
        {"graphs": "false", "launcher": "spawn"},
        {"graphs": "false", "launcher": "fork"},
        {"graphs": "true", "launcher": "spawn"},
    ]
    assert conditions(read(read_json, json.dumps({"runs": runs}))) == expected
    assert conditions(read(read_json, "\n".join(map(json.dumps, runs)), lines=True)) == expected


def test_a_table_by_columns_a_long_one_and_a_transposed_one():
    by_columns = {"launcher": ["fork", "spawn"] * 2, "ttft_ms": [80, 90, 81, 91]}
    assert [each["launcher"] for each in conditions(read(read_json, json.dumps(by_columns)))] == ["fork", "spawn"] * 2
    long = "launcher,metric,value,unit\nfork,ttft,80,ms\nspawn,ttft,90,ms\nfork,itl,8,ms\nspawn,itl,9,ms\n"
    assert [each["launcher"] for each in conditions(read(read_csv, long))] == ["fork", "spawn"] * 2
    transposed = (
        "metric,run 1,run 2,run 3,run 4\nmodel,a:1b,a:1b,a:1b,a:1b\nlauncher,fork,spawn,fork,spawn\nttft_ms,8,9,8,9\n"
    )
    assert [each["launcher"] for each in conditions(read(read_csv, transposed))] == ["fork", "spawn"] * 2


def test_a_record_alone_has_the_settings_that_its_names_say():
    one = {"model": "a:1b", "attention_backend": "paged", "title": "My run", "wheel": "nightly", "ttft_ms": 80}
    assert conditions(read(read_json, json.dumps(one))) == [{"attention_backend": "paged"}]
    assert conditions(read(read_json, json.dumps(one | {"attention_backend": "default"}))) == [{}]
    assert conditions(read(read_json, json.dumps(one | {"attention_backend": 3}))) == [{}]


@pytest.mark.parametrize(
    "column",
    [
        "request_id:q-1,q-2,q-1,q-2",
        "finish_reason:stop,length,stop,length",
        "response:Yes,No,Yes,No",
        "notes:slow,fine,slow,fine",
        "log_file:a,b,a,b",
        "mirror:https://a.example,https://b.example,https://a.example,https://b.example",
        "begun:2026-01-01 10:00,2026-01-01 10:05,2026-01-01 10:00,2026-01-01 10:05",
        "build:9f86d081884c7d65,60303ae22b998861,9f86d081884c7d65,60303ae22b998861",
        "place:/data/a,/data/b,/data/a,/data/b",
        "advice:Use it. It is fast.,Do not. It is slow.,Use it. It is fast.,Do not. It is slow.",
        "gain:1.4-1.6x,1.6-1.8x,1.4-1.6x,1.6-1.8x",
        "drift:0.5,n/a,0.7,failed",
        "opponent:lynx:7b,puma:8b,lynx:7b,puma:8b",
        "per:ms,s,ms,s",
        "constant:same,same,same,same",
        "label:first,second,third,fourth",
        "wave:w-1,w-2,w-3,w-4",
        "below_10:true,false,true,false",
        "meets_slo:yes,no,yes,no",
    ],
)
def test_what_is_not_a_setting(column):
    name, _, cells = column.partition(":")
    rows = [[cell, str(80 + place)] for place, cell in enumerate(cells.split(","))]
    assert len(rows) == 4
    assert settings_among((name, "ttft_ms"), rows) == frozenset()


def test_what_only_repeats_the_model_or_a_known_setting():
    assert not table("model,maker,ttft_ms", "a:1b,Acme,80", "a:1b,Acme,81", "b:2b,Best,90", "b:2b,Best,91")
    assert not table("concurrency,setup_name,ttft_ms", "1,low,80", "1,low,81", "8,high,90", "8,high,91")
    # a name of a setting may differ with the model, or another setting, as then not that alone made the difference
    assert table("threads,batching,ttft_ms", "4,eager,80", "4,eager,81", "8,lazy,90", "8,lazy,91")
    assert table("model,technique,ttft_ms", "a:1b,eager,80", "a:1b,eager,81", "b:2b,lazy,90", "b:2b,lazy,91")


def test_texts_of_single_requests_are_not_settings():
    names, words = ("request_id", "topic", "ttft_ms"), ["birds", "trees", "rain", "snow", "wind"]
    assert not settings_among(names, [[str(place), word, "80"] for place, word in enumerate(words)])
    assert settings_among(names[1:], [[word, "80"] for word in words])


def test_models_are_compared_within_equal_settings(tmp_path):
    speeds = {("a:1b", "eager"): 50, ("a:1b", "lazy"): 110, ("b:2b", "eager"): 80}
    rows = [f"{model},{how},{speed + noise}" for (model, how), speed in speeds.items() for noise in (0, 0.1, 0.2)]
    (tmp_path / "runs.csv").write_text("\n".join(["model,fusion,decode_tok_s", *rows]))
    (ranking,) = found_in(tmp_path, "rank_models")
    assert "fusion=eager" in str(ranking["text"])
    assert str(ranking["text"]).index("b:2b 80.1 tok/s") < str(ranking["text"]).index("a:1b 50.1 tok/s")
