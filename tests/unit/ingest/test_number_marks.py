"""A comma or a point has one meaning in a column, in whatever form the column is written."""

import json

import pytest

from chimera_dagster.ingest import parse
from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.markdown_reader import read_markdown
from tests.unit.ingest.reading import Read, read

# cells of one column, and what they are; None: not read
COLUMNS = {
    "points": (["1,234", "12,345,678", "512"], [1234, 12_345_678, 512]),
    "commas": (["1,234", "45,6", "512"], [1.234, 45.6, 512]),
    "grouped by points": (["1.234", "12.345.678", "512"], [1234, 12_345_678, 512]),
    "both marks": (["1.234", "2.345,5", "512"], [1234, 2345.5, 512]),
    "contradicting": (["1,234", "45,6", "45.6"], [None, 45.6, 45.6]),
    "undecided": (["1,234", "2,345", "512"], [1234, 2345, 512]),
}
COLUMN = pytest.mark.parametrize(("cells", "values"), COLUMNS.values(), ids=COLUMNS)


def said(found: Read, values: list[float | None], cells: list[str]) -> None:
    assert [row["value"] for row in found.rows if row["derived"] is None] == [
        each for each in values if each is not None
    ]
    lost = [cell for cell, value in zip(cells, values, strict=True) if value is None]
    assert len(found.problems) == len(lost)
    assert all(f"{cell!r} can be read in two ways" in said for cell, said in zip(lost, found.problems, strict=True))
    assert found.numbers == len(values)


@COLUMN
@pytest.mark.parametrize("lines", [False, True], ids=["document", "lines"])
def test_texts_of_json(cells: list[str], values: list[float | None], lines: bool) -> None:
    records = [{"ttft_ms": cell} for cell in cells]
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
    said(read(read_json, text, lines=lines), values, cells)


@COLUMN
def test_json_among_lines_of_a_log(cells: list[str], values: list[float | None]) -> None:
    text = "\n".join(f"{json.dumps({'ttft_ms': cell})}" for cell in cells)
    found = read(read_json, f"begins\n{text}\n")
    assert [row["value"] for row in found.rows] == [value for value in values if value is not None]


@COLUMN
def test_a_column_of_csv(cells: list[str], values: list[float | None]) -> None:
    said(read(read_csv, "\n".join(["seed,ttft_ms", *(f'x,"{cell}"' for cell in cells)])), values, cells)


@COLUMN
def test_a_column_of_a_page(cells: list[str], values: list[float | None]) -> None:
    said(
        read(read_markdown, "\n".join(["| seed | ttft_ms |", "|---|---|", *(f"| x | {cell} |" for cell in cells)])),
        values,
        cells,
    )


@COLUMN
def test_a_column_of_values_of_a_page(cells: list[str], values: list[float | None]) -> None:
    names = ("TTFT (ms)", "E2E (ms)", "Load (ms)")
    rows = [f"| {name} | {cell} |" for name, cell in zip(names, cells, strict=True)]
    found = read(read_markdown, "\n".join(["| Metric | Value |", "|---|---|", *rows]))
    assert [row["value"] for row in found.rows] == [value for value in values if value is not None]


@COLUMN
def test_a_column_of_values_of_csv(cells: list[str], values: list[float | None]) -> None:
    names = ("ttft_ms", "e2e_ms", "load_ms")
    rows = [f'm:1,{name},"{cell}",ms' for name, cell in zip(names, cells, strict=True)]
    found = read(read_csv, "\n".join(["model,metric,value,unit", *rows]))
    assert [row["value"] for row in found.rows if row["derived"] is None] == [v for v in values if v is not None]


def test_a_spread_has_the_marks_of_its_column() -> None:
    rows = ["| 1.234 ± 0,5 |", "| 45,6 ± 1,5 |", "| 1.002,5 |"]
    found = read(read_markdown, "\n".join(["| x | tok/s |", "|---|---|", *(f"| a {row}" for row in rows)]))
    values = [(row["value"], row["aggregate"]) for row in found.rows]
    assert values == [(1234, "mean"), (0.5, "std"), (45.6, "mean"), (1.5, "std"), (1002.5, "reported")]


# `llama-bench -o csv` as a spreadsheet saves it again
BENCH = "build_commit;model_filename;n_prompt;n_gen;avg_ts;stddev_ts;test_time\n"


@pytest.mark.parametrize(
    ("rates", "values"),
    [
        (["1.234,5", "2.345"], [1234.5, 2345]),
        (["1.234", "12.345.678"], [1234, 12_345_678]),
        (["1,234", "1,234,567"], [1234, 1_234_567]),
        (["45,6", "45.6"], [45.6, 45.6]),
    ],
)
def test_a_table_of_a_known_format(rates: list[str], values: list[float]) -> None:
    rows = "".join(f"abc;m.gguf;512;0;{rate};0;x\n" for rate in rates)
    found = read(read_csv, BENCH + rows)
    speeds = [row["value"] for row in found.rows if row["original_name"] == "avg_ts"]
    assert speeds == values


def test_a_stream_of_lines_has_one_meaning_or_says_that_it_has_not(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(parse, "SAMPLE_BYTES", 10)
    (tmp_path / "a.jsonl").write_text('{"ttft_ms": "45,6"}\n{"ttft_ms": "1.234"}\n')
    (tmp_path / "b.jsonl").write_text('{"ttft_ms": "1,234"}\n{"ttft_ms": "45,6"}\n{"ttft_ms": "2,345"}\n')
    found = read_in_memory(tmp_path)
    values = found.measurements.groupby("file")["value"].apply(list).to_dict()
    assert values == {"a.jsonl": [45.6, 1234], "b.jsonl": [1234, 45.6]}
    reasons = found.files.set_index("path")["reason"].to_dict()
    assert reasons == {
        "a.jsonl": "",
        "b.jsonl": "line 2, ttft_ms: a decimal comma, below numbers that were read without one; "
        "line 3, ttft_ms: '2,345' can be read in two ways",
    }


@pytest.mark.parametrize("text", ['{"model": "m:1,234", "ttft_ms": "5"}', '{"prompt": "1,5 or 2.345", "ttft_ms": 5}'])
def test_other_texts_stay_as_they_are(text: str) -> None:
    [row] = read(read_json, text).rows
    assert row["value"] == 5
    assert row["model"] == json.loads(text).get("model")
    assert row["prompt"] == json.loads(text).get("prompt")
