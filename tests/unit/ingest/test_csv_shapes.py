"""Tables in CSV files that are not one record a row, and cells that are not plain numbers."""

import json

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from tests.unit.ingest.reading import read


def csv(*lines):
    return read(read_csv, "\n".join(lines) + "\n")


def figures(*lines):
    return csv(*lines).values("model", "metric", "value", "aggregate")


def values(*lines):
    return [value for _, _, value, _ in figures(*lines)]


def test_decimal_commas_are_decided_by_the_file():
    found = csv("Modell;Durchsatz (tok/s);TTFT (ms);VRAM (MB)", "a:7b;45,2;1.234,5;6.144", "b:3b;101,3;310,2;3.072")
    assert found.values("model", "metric", "value") == [
        ("a:7b", "decode_tok_s", 45.2),
        ("a:7b", "ttft_ms", 1234.5),
        ("a:7b", "gpu_mem_used_mib", 6144),
        ("b:3b", "decode_tok_s", 101.3),
        ("b:3b", "ttft_ms", 310.2),
        ("b:3b", "gpu_mem_used_mib", 3072),
    ]
    assert (found.numbers, found.covered, found.problems) == (6, 6, [])


def test_the_last_row_can_decide():
    rows = [f"a;1.{100 + place % 900}" for place in range(1_200)]
    assert values("model;ttft_ms", *rows, "a;7,25")[:2] == [1100, 1101]
    assert values("model;ttft_ms", *rows)[:2] == [1.1, 1.101]


def test_a_column_decides_before_the_file():
    assert values("model;ttft_ms;tokens_s", "a;1.234;1.234,5", "b;0.512;2") == [1.234, 1234.5, 0.512, 2]


def test_cells_that_contradict_leave_those_out_that_could_be_both():
    found = csv("model;ttft_ms", "a;1,5", "b;2.5", "c;1,234")
    assert found.values("record", "value") == [("row 1", 1.5), ("row 2", 2.5)]
    assert found.problems == ["row 3, ttft_ms: '1,234' can be read in two ways"]
    assert (found.numbers, found.covered) == (3, 2)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("model,ttft_ms", 'a,"1,5"', 'b,"1.234,5"'), [1.5, 1234.5]),
        (("model,ttft_ms", 'a,"1,234"', 'b,"1,300.5"'), [1234, 1300.5]),
        (("model\tttft_ms", "a\t1,5", "b\t1.234"), [1.5, 1234]),
        (("model,ttft_ms", "a,1'234.5", "b,987.1"), [1234.5, 987.1]),
        (("model;ttft_ms", "a;1\u00a0234,5", "b;12 345,0"), [1234.5, 12345]),
    ],
)
def test_thousands_and_decimals_of_other_languages(lines, expected):
    assert values(*lines) == expected


def test_a_list_of_numbers_is_not_a_decimal():
    found = csv("model,ttft_ms,devices", 'a,12.5,"0,1"', 'b,11.5,"2,3"')
    assert found.values("value") == [(12.5,), (11.5,)]


def test_units_in_cells():
    found = csv(
        "model,throughput,ttft,vram,duration,gpu util",
        "a,45.2 tok/s,950 ms,6 GiB,1:27,95%",
        "b,50 t/s,1.2 s,3 GB,1m5s,9 %",
    )
    assert found.values("metric", "value", "original_unit") == [
        ("decode_tok_s", 45.2, "tok/s"),
        ("ttft_ms", 950, "ms"),
        ("gpu_mem_used_mib", 6144, "gib"),
        ("latency_ms", 87_000, "s"),
        ("gpu_util_pct", 95, "%"),
        ("decode_tok_s", 50, "t/s"),
        ("ttft_ms", 1200, "s"),
        ("gpu_mem_used_mib", 3072, "gb"),
        ("latency_ms", 65_000, "s"),
        ("gpu_util_pct", 9, "%"),
    ]
    assert (found.numbers, found.covered, found.problems) == (10, 10, [])


def test_a_unit_in_a_cell_wins_over_the_headers():
    assert values("model,ttft (ms)", "a,950", "b,1.2 s") == [950, 1200]


def test_a_column_whose_cells_have_units_of_other_kinds_is_damaged():
    found = csv("load duration,eval count,eval rate", "18 token(s),61.1ms,9 tokens/s", "31.6ms,886 tokens/s,8 tokens/s")
    assert found.values("metric", "value") == [("decode_tok_s", 9), ("decode_tok_s", 8)]
    assert found.problems == [
        "column 'load duration' is damaged: its cells are in ms and token(s), and none of them is read",
        "column 'eval count' is damaged: its cells are in ms and tokens/s, and none of them is read",
    ]
    assert (found.numbers, found.covered) == (6, 2)


def test_a_metric_that_can_have_two_kinds_of_units_is_not_damaged():
    assert figures("model,prefill", "a,120 ms")[0][1] == "prompt_eval_ms"
    assert figures("model,prefill", "a,120 tok/s")[0][1] == "prefill_tok_s"


def test_a_text_column_with_a_quantity_in_it_stays_text():
    found = csv("model,remark,ttft_ms", "a,5 s,1", "b,fast,2")
    assert found.values("original_name") == [("ttft_ms",), ("ttft_ms",)]


def test_lines_above_the_header():
    for above in (
        ["# GPU: Some GPU", "# model: a:7b", "# 3 runs of Monday, all warm"],
        ["Results of Monday", "GPU: Some GPU", "Model: a:7b", ""],
        ["GPU,Some GPU,", "Model:,a:7b,", ",,"],
    ):
        found = csv(*above, "run,ttft_ms,tokens_s", "1,210,45", "2,211,46")
        assert found.values("record", "model", "gpu", "value") == [
            ("row 1", "a:7b", "Some GPU", 210),
            ("row 1", "a:7b", "Some GPU", 45),
            ("row 2", "a:7b", "Some GPU", 211),
            ("row 2", "a:7b", "Some GPU", 46),
        ]
        assert found.problems == []


def test_a_title_with_another_delimiter():
    assert values("Results, run 3", "", "model;ttft_ms;tokens_s", "a;1,5;2,5", "b;1;2") == [1.5, 2.5, 1, 2]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;\r"])
def test_a_line_that_states_the_delimiter(line):
    assert values(line, "model;ttft_ms", "a;210,5") == [210.5]


def test_a_header_in_a_comment_and_comments_between_rows():
    found = csv("# model,ttft_ms", "a,1", "# warm from here", "b,2")
    assert found.values("record", "model", "value") == [("row 1", "a", 1), ("row 2", "b", 2)]
    assert found.problems == []


def test_a_condition_above_the_header_counts_as_covered():
    found = csv("Concurrency,8", "", "run,ttft_ms,tokens_s", "1,210,45", "2,211,46")
    assert {row["conditions"] for row in found.rows} == {'{"concurrency":8}'}
    assert (found.numbers, found.covered) == (7, 7)


def test_headers_in_two_rows_as_pandas_writes_them():
    lines = (
        ",ttft_ms,ttft_ms,tps,tps",
        ",mean,std,mean,std",
        "model,,,,",
        "a,950.0,12.0,45.2,0.4",
        "b,310.0,8.0,101.3,1.1",
    )
    assert figures(*lines) == [
        ("a", "ttft_ms", 950, "mean"),
        ("a", "ttft_ms", 12, "std"),
        ("a", "decode_tok_s", 45.2, "mean"),
        ("a", "decode_tok_s", 0.4, "std"),
        ("b", "ttft_ms", 310, "mean"),
        ("b", "ttft_ms", 8, "std"),
        ("b", "decode_tok_s", 101.3, "mean"),
        ("b", "decode_tok_s", 1.1, "std"),
    ]
    assert csv(*lines).values("record", "original_name")[:2] == [("row 1", "ttft_ms mean"), ("row 1", "ttft_ms std")]


@pytest.mark.parametrize(
    "header",
    [
        ("model,ttft_ms,ttft_ms", ",mean,p95"),
        (",TTFT (ms),", "model,mean,p95"),
        (",TTFT,", "model,mean,p95", ",ms,ms"),
        (",ttft_ms,ttft_ms", ",mean,95%", "model,,"),
    ],
)
def test_headers_in_two_rows_as_others_write_them(header):
    assert figures(*header, "a,1,2") == [("a", "ttft_ms", 1, "mean"), ("a", "ttft_ms", 2, "p95")]


def test_how_many_runs_are_behind_each_aggregate():
    found = csv(",ttft_ms,ttft_ms,ttft_ms", ",count,mean,50%", "model,,,", "a,3.0,1.5,1.4")
    assert found.values("metric", "value", "aggregate", "n") == [
        ("ttft_ms", 1.5, "mean", 3),
        ("ttft_ms", 1.4, "p50", 3),
    ]


def test_groups_of_columns_for_each_model():
    for header in (
        ["Model,a:7b,,b:3b,", "run,TTFT (ms),tok/s,TTFT (ms),tok/s"],
        [",a:7b,a:7b,b:3b,b:3b", ",TTFT (ms),tok/s,TTFT (ms),tok/s", "run,,,,"],
    ):
        found = csv(*header, "1,10,20,30,40")
        assert found.values("record", "model", "labels", "metric", "value") == [
            ("row 1 column 2", "a:7b", '{"run":1}', "ttft_ms", 10),
            ("row 1 column 2", "a:7b", '{"run":1}', "decode_tok_s", 20),
            ("row 1 column 4", "b:3b", '{"run":1}', "ttft_ms", 30),
            ("row 1 column 4", "b:3b", '{"run":1}', "decode_tok_s", 40),
        ]


def test_a_table_with_a_column_for_each_model():
    found = csv("metric,a:7b,b:3b", "TTFT (ms),950,310", "Throughput (tok/s),45.2,101.3", "VRAM (GiB),6,3")
    assert found.values("record", "model", "metric", "value", "original_name") == [
        ("column 2", "a:7b", "ttft_ms", 950, "TTFT (ms)"),
        ("column 2", "a:7b", "decode_tok_s", 45.2, "Throughput (tok/s)"),
        ("column 2", "a:7b", "gpu_mem_used_mib", 6144, "VRAM (GiB)"),
        ("column 3", "b:3b", "ttft_ms", 310, "TTFT (ms)"),
        ("column 3", "b:3b", "decode_tok_s", 101.3, "Throughput (tok/s)"),
        ("column 3", "b:3b", "gpu_mem_used_mib", 3072, "VRAM (GiB)"),
    ]


@pytest.mark.parametrize(
    ("header", "conditions"),
    [
        ("metric,Q4_K_M,Q8_0", [{"quantization": "Q4_K_M"}, {"quantization": "Q8_0"}]),
        ("metric,concurrency=1,concurrency=8", [{"concurrency": 1}, {"concurrency": 8}]),
        ("concurrency,1,8", [{"concurrency": 1}, {"concurrency": 8}]),
    ],
)
def test_a_table_with_a_column_for_each_condition(header, conditions):
    found = csv(header, "ttft_ms,1,2")
    assert [json.loads(row["conditions"]) for row in found.rows] == conditions


def test_transposed_tables_with_units_and_a_row_for_the_model():
    assert figures("metric,unit,x,y", "ttft,ms,1,2", "throughput,tok/s,3,4") == [
        ("x", "ttft_ms", 1, None),
        ("x", "decode_tok_s", 3, None),
        ("y", "ttft_ms", 2, None),
        ("y", "decode_tok_s", 4, None),
    ]
    found = csv(",run 1,run 2", "model,a,b", "TTFT,950 ms,1.2 s")
    assert found.values("model", "labels", "value") == [("a", '{"run":1}', 950), ("b", '{"run":2}', 1200)]
    assert figures("metric,value", "model,x", "ttft_ms,5", "tokens_s,45") == [
        ("x", "ttft_ms", 5, None),
        ("x", "decode_tok_s", 45, None),
    ]


def test_long_tables():
    found = csv("model,run,metric,value,unit", "a,1,ttft,210,ms", "a,1,throughput,45,tok/s", "b,1,ttft,0.31,s")
    assert found.values("record", "model", "metric", "value", "original_name") == [
        ("row 1", "a", "ttft_ms", 210, "ttft"),
        ("row 2", "a", "decode_tok_s", 45, "throughput"),
        ("row 3", "b", "ttft_ms", 310, "ttft"),
    ]
    assert (found.numbers, found.covered) == (6, 6)


def test_long_tables_with_an_aggregate():
    expected = [("a", "ttft_ms", 5, "mean"), ("a", "ttft_ms", 9, "p95")]
    assert figures("model,metric,stat,value,unit", "a,ttft,mean,5,ms", "a,ttft,p95,9,ms") == expected
    assert figures("model,metric,mean,p95,unit", "a,ttft,5,9,ms") == expected
    assert figures("model,stat,ttft_ms", "a,mean,5", "a,p95,9") == expected
    quantiles = figures("model,metric,quantile,value", "a,ttft_ms,0.5,5", "a,ttft_ms,0.95,9")
    assert [aggregate for *_, aggregate in quantiles] == ["p50", "p95"]


def test_what_pandas_describe_writes():
    found = csv(",ttft_ms,tps", "count,3.0,3.0", "mean,1.5,45", "25%,1.2,44")
    assert found.values("record", "metric", "value", "aggregate") == [
        ("row 2", "ttft_ms", 1.5, "mean"),
        ("row 2", "decode_tok_s", 45, "mean"),
        ("row 3", "ttft_ms", 1.2, "p25"),
        ("row 3", "decode_tok_s", 44, "p25"),
    ]


def test_a_mean_at_the_end_is_not_a_run():
    assert figures("model,ttft,tps", ",ms,", "a,1,45", "a,2,46", "Mean,1.5,45.5")[4:] == [
        (None, "ttft_ms", 1.5, "mean"),
        (None, "decode_tok_s", 45.5, "mean"),
    ]
    assert figures("model,ttft_ms", "a,1", "total,1")[1] == (None, "ttft_ms total", 1, None)


def test_two_columns_of_one_name_are_two_metrics():
    found = csv("model,ttft_ms,ttft_ms", "a,1,2")
    assert found.values("metric", "value", "original_name") == [
        ("ttft_ms", 1, "ttft_ms"),
        ("ttft_ms (2)", 2, "ttft_ms (2)"),
    ]
    assert found.problems == ["column 'ttft_ms' appears twice in the header"]


def test_ordinary_tables_stay_ordinary():
    assert csv("name,ttft_ms,tokens_s", "a,1,2", "b,3,4").values("record") == [("row 1",)] * 2 + [("row 2",)] * 2
    assert csv("run,ttft_ms", "1,2", "2,3").values("record", "value") == [("row 1", 2), ("row 2", 3)]


def test_a_count_of_failed_requests_is_no_verdict():
    found = csv("model,completed,failed,ttft_ms", "a,200,0,61", "a,197,3,160")
    assert found.values("metric", "value", "error") == [
        ("completed_requests", 200, False),
        ("failed_requests", 0, False),
        ("ttft_ms", 61, False),
        ("completed_requests", 197, False),
        ("failed_requests", 3, False),
        ("ttft_ms", 160, False),
    ]
    failed = csv("model,failed,ttft_ms", "a,0,61", "a,1,0")
    assert failed.values("metric", "error") == [("ttft_ms", False), ("ttft_ms", True), ("failed", True)]


@pytest.mark.parametrize(
    ("header", "rows", "counts"),
    [
        ("model,failures,ttft_ms", ("a,0,61", "b,1,60"), [0, 1]),
        ("model,run,errors,ttft_ms", ("a,1,0,61", "a,2,2,60"), [0, 2]),
        ("model,failed,ttft_ms", ("a,0,61", "b,3,60"), [0, 3]),
        ("model,failed,ttft_ms", ("a,0,61", "b,0,60"), [0, 0]),
    ],
)
def test_a_number_of_failures_is_a_row_and_no_record_fails_by_it(header, rows, counts):
    found = csv(header, *rows)
    assert [row["value"] for row in found.rows if row["metric"] == "failed_requests"] == counts
    assert not any(row["error"] for row in found.rows)
    assert found.covered == found.numbers


@pytest.mark.parametrize(
    ("header", "rows", "failed"),
    [
        ("model,failed,ttft_ms", ("a,0,61", "a,1,0"), ["row 2"]),  # a flag of each run
        ("model,run,failed,ttft_ms", ("a,1,0,61", "a,2,0,60"), []),
        ("model,failed,ttft_ms", ("a,false,61", "a,true,60"), ["row 2"]),
        ("model,errors,ttft_ms", ("a,,61", "a,connection refused,60"), ["row 2"]),
        ("model,error,ttft_ms", ("a,,61", "a,500,60"), ["row 2"]),  # the code of an error
    ],
)
def test_what_says_that_a_run_failed_counts_nothing(header, rows, failed):
    found = csv(header, *rows)
    assert "failed_requests" not in [row["metric"] for row in found.rows]
    assert [row["record"] for row in found.rows if row["metric"] == "failed"] == failed


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("status", ("ok", "timed out", "success", "FAILED", "")),
        ("success", ("ok", "false", "yes", "failed", "1")),
        ("error", ("none", "connection refused", "no error", "timeout", "ok")),
    ],
)
def test_texts_that_say_whether_a_run_failed(column, cells):
    found = csv(f"ttft_ms,{column}", *(f"{place},{cell}" for place, cell in enumerate(cells)))
    assert [row["record"] for row in found.rows if row["metric"] == "failed"] == ["row 2", "row 4"]


def test_a_provider_is_the_engine_only_if_it_has_the_name_of_one():
    found = csv("model,quant,provider,ttft_ms", "a,Q4_K_M,vLLM 0.8.5,1", "a,Q8_0,someone,2")
    assert found.values("backend", "conditions") == [
        ("vLLM 0.8.5", '{"quantization":"Q4_K_M"}'),
        (None, '{"provider":"someone","quantization":"Q8_0"}'),
    ]


@pytest.mark.parametrize("name", ["created_at", "test_time", "start_time", "bench_ts", "test_date", "started_at"])
def test_names_of_the_time_of_a_run(name):
    found = csv(f"{name},model,ttft_ms", "2026-01-02T10:00:00Z,a,1", "1767348000,a,2", "5.5,a,3")
    assert found.values("timestamp") == [("2026-01-02T10:00:00Z",), ("1767348000",), (None,)]


def test_names_that_were_flattened():
    found = csv("model,options.temperature,usage.completion_tokens,metrics.ttft_ms,system.memory_gb", "a,0.5,100,12,64")
    assert found.values("metric", "value") == [("output_tokens", 100), ("ttft_ms", 12)]
    assert found.parameters() == [{"temperature": 0.5}] * 2
    assert (found.numbers, found.covered) == (4, 4)


def test_a_record_of_keys_and_values():
    found = csv("key,value", "model,a:7b", "ttft_ms,123", "tokens_per_second,44.5", "quantization,Q4_K_M")
    assert found.values("model", "metric", "value") == [("a:7b", "ttft_ms", 123), ("a:7b", "decode_tok_s", 44.5)]


def test_a_quantization_in_the_models_column_is_no_model():
    found = csv("model,run,tok_s", "f16,1,14.8", "Q4_K_M,2,27.9", "mlx-tiny,3,50")
    assert found.values("model", "conditions") == [
        (None, '{"quantization":"f16"}'),
        (None, '{"quantization":"Q4_K_M"}'),
        ("mlx-tiny", "{}"),
    ]


def test_a_unit_in_a_column_beside_each_value():
    found = csv("model,ttft,ttft_unit,gen_tps,note_unit", "a,250,ms,51.5,x", "b,1.5,s,40.25,y")
    assert found.values("record", "metric", "value", "original_unit") == [
        ("row 1", "ttft_ms", 250, "ms"),
        ("row 1", "decode_tok_s", 51.5, "tps"),
        ("row 2", "ttft_ms", 1500, "s"),
        ("row 2", "decode_tok_s", 40.25, "tps"),
    ]


def test_a_mean_where_the_others_have_the_number_of_their_run():
    lines = ("model,run,ttft_ms", "a:7b,1,90", "a:7b,2,110", "a:7b,AVG,100", "b:3b,1,50")
    assert figures(*lines) == [
        ("a:7b", "ttft_ms", 90, None),
        ("a:7b", "ttft_ms", 110, None),
        ("a:7b", "ttft_ms", 100, "mean"),
        ("b:3b", "ttft_ms", 50, None),
    ]


def test_a_header_in_three_rows():
    lines = ("Setup;;Times;;Speed", "Model;Quant;TTFT;;Decode", ";;mean [ms];p95 [s];mean [tok/s]")
    found = csv(*lines, "a:7b;Q4_K_M;80,5;0,2;30,5", "b:3b;Q8_0;60;0,1;55,5")
    assert found.values("record", "model", "metric", "value", "aggregate", "conditions")[:4] == [
        ("row 1", "a:7b", "ttft_ms", 80.5, "mean", '{"quantization":"Q4_K_M"}'),
        ("row 1", "a:7b", "ttft_ms", 200, "p95", '{"quantization":"Q4_K_M"}'),
        ("row 1", "a:7b", "decode_tok_s", 30.5, "mean", '{"quantization":"Q4_K_M"}'),
        ("row 2", "b:3b", "ttft_ms", 60, "mean", '{"quantization":"Q8_0"}'),
    ]


@pytest.mark.parametrize("gpu", ["NVIDIA_GB10", "RTX 4090", "4090", "5070 Ti", "NVIDIA H100 PCIe", "MI300X"])
def test_columns_of_gpus(gpu):
    found = csv(f"Metric,Unit,{gpu},Delta", "ttft_mean,ms,120,-40%", "decode tok/s,tok/s,80,12%")
    about = found.values("model", "gpu", "metric", "value")
    assert about[:2] == [(None, gpu, "ttft_ms", 120), (None, gpu, "decode_tok_s", 80)]
    assert [metric for *_, metric, _ in about[2:]] == ["ttft_mean Delta", "decode tok/s Delta"]


def test_a_model_of_a_maker_of_gpus_is_none():
    assert csv("Metric,NVIDIA-Nemotron-8B", "TTFT (ms),20").values("model", "gpu") == [("NVIDIA-Nemotron-8B", None)]


def test_columns_of_a_condition():
    found = csv("Metric,osl-64,osl-256", "TTFT (ms),20,21", "Inter Token Latency (ms),9,10")
    assert found.values("model", "conditions", "value") == [
        *((None, '{"output_tokens":64}', value) for value in (20, 9)),
        *((None, '{"output_tokens":256}', value) for value in (21, 10)),
    ]


def test_the_throughput_of_requests_at_once_is_that_of_the_server():
    metrics = lambda *lines: [metric for _, metric, _, _ in figures(*lines)]  # noqa: E731
    assert metrics("model,concurrency,throughput_tok_s", "a,1,60", "a,32,900") == ["output_tok_s"] * 2
    assert metrics("model,throughput_tok_s", "a,60") == ["decode_tok_s"]
    assert metrics("model,request_id,concurrency,throughput_tok_s", "a,1,8,60") == ["decode_tok_s"]
    assert metrics("model,concurrency,decode_throughput (tok/s)", "a,32,20") == ["decode_tok_s"]


@pytest.mark.parametrize(
    ("header", "metric", "value"),
    [
        ("Gesamtdauer (ms)", "total_ms", 12.5),
        ("Zeit bis erstes Token (ms)", "ttft_ms", 12.5),
        ("Latence premier jeton (ms)", "ttft_ms", 12.5),
        ("Mémoire GPU (Go)", "gpu_mem_used_mib", 12_800),
        ("Memory (GPU) (MB)", "memory_used_mib", 12.5),
        ("Peak GPU MB", "gpu_mem_used_mib", 12.5),
        ("CPU RSS MB", "memory_used_mib", 12.5),
        ("TG/s", "decode_tok_s", 12.5),
        ("PP/s", "prefill_tok_s", 12.5),
        ("prompt_speed", "prefill_tok_s", 12.5),
        ("completion_speed", "decode_tok_s", 12.5),
        ("FTL(ave)(s)", "ttft_ms", 12_500),
        ("throughput(out tok/s)", "output_tok_s", 12.5),
        ("throughput(total tok/s)", "total_tok_s", 12.5),
        ("Throughput (out tok/s/GPU)", "output_tok_s_per_gpu", 12.5),
    ],
)
def test_names_of_other_people(header, metric, value):
    assert figures(f"model;{header}", "a;12.5")[0][1:3] == (metric, value)


def test_a_footnote_is_not_part_of_a_name():
    assert csv("model,TP (1),ttft_ms", "a,2,90").values("conditions") == [('{"tensor_parallel":2}',)]


def test_columns_of_levels_runs_and_devices():
    def about(*header):
        found = csv(",".join(("Metric", *header)), ",".join(("ttft_ms", *map(str, range(11, 11 + len(header))))))
        rows = found.rows
        return [
            (row["model"], row["gpu"], *{**json.loads(row["conditions"]), **json.loads(row["labels"])}.items())
            for row in rows
        ]

    assert about("8 users", "16 users") == [(None, None, ("concurrency", 8)), (None, None, ("concurrency", 16))]
    assert about("1 并发", "2 并发") == [(None, None, ("concurrency", 1)), (None, None, ("concurrency", 2))]
    assert about("1", "2", "3")[2] == (None, None, ("run", 3))
    assert about("1", "2", "8")[2] == (None, None, ("variant", 8))
    assert about("1-lynx:7b", "1-puma:3b", "8-lynx:7b", "8-puma:3b")[3] == ("puma:3b", None, ("variant", 8))
    assert about("RTX 4090-1", "RTX 4090-8")[1] == (None, "RTX 4090", ("variant", 8))
    assert about("CPU", "GPU") == [(None, None, ("device", "CPU")), (None, None, ("device", "GPU"))]
    assert about("8 users", "8 users")[1] == (None, None, ("concurrency", 8), ("variant", "column 3"))


def test_columns_that_compare_others_are_no_values():
    found = csv("Metric,1-lynx:7b,1-puma:3b,1-Diff,1-%,差值", "ttft_ms,11,13,2,18%,2")
    assert [row["value"] for row in found.rows if row["unit"]] == [11, 13]


def test_a_title_among_the_rows_is_no_row():
    found = csv("Metric,lynx:7b,puma:3b", "[[First token]],,,,", "ttft_ms,11,13")
    assert (found.values("value"), found.problems) == ([(11,), (13,)], [])
