import json
import math
import os
import random
from pathlib import Path

import pytest

from chimera_dagster.errors import NoReportsError
from chimera_dagster.ingest import folder, line_stream, parse
from chimera_dagster.ingest.discover import data_digest, discover
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.schemas import FAILED, BenchmarkFiles, Measurements
from tests.unit.ingest import reread

REPO = Path(__file__).parents[3]
REPORTS = REPO / "data/reports"
CORPUS = REPO / "../shared/corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")


@pytest.fixture(scope="module", params=[REPORTS, pytest.param(CORPUS, marks=needs_corpus)], ids=["reports", "corpus"])
def root(request):
    return request.param


@pytest.fixture(scope="module")
def ingested(root):
    return read_in_memory(root)


@pytest.fixture(scope="module")
def corpus():
    return read_in_memory(CORPUS)


def status_of(root, name):
    files = read_in_memory(root).files.set_index("path")
    return files.loc[name, "status"], files.loc[name, "reason"]


def test_every_file_has_one_row_and_the_tables_are_valid(root, ingested):
    assert list(ingested.files["path"]) == [file.path for file in discover(root)]
    BenchmarkFiles.validate(ingested.files, lazy=True)
    Measurements.validate(ingested.measurements, lazy=True)
    counts = ingested.measurements.groupby("file").size()
    assert ingested.files.set_index("path")["measurements"].to_dict() == {
        path: counts.get(path, 0) for path in ingested.files["path"]
    }
    assert ((ingested.files["reason"] == "") == (ingested.files["status"] == "ok")).all()
    assert ingested.digest == data_digest(root)


def checked(ingested):
    """Rows of each file as the checker takes them, and the encoding that they were read in."""
    encodings = ingested.files.set_index("path")["encoding"]
    for path, rows in reread.by_file(ingested.measurements).items():
        yield path, encodings[path], rows


def test_every_number_stands_in_its_file_at_its_record(root, ingested):
    rows = 0
    for path, encoding, found in checked(ingested):
        assert reread.complaints((root / path).read_bytes(), path, encoding, found) == []
        rows += len(found)
    assert rows == len(ingested.measurements) > 2_000


def test_the_checker_catches_what_is_planted(root, ingested):
    """300 rows get another value, or the record or name of another row of their file.

    Some stay true, as the other place holds the same number, and no checker can tell them; it must catch all others.
    """
    chance = random.Random(20)
    files = [(path, encoding, rows) for path, encoding, rows in checked(ingested) if len(rows) > 1]
    planted = caught = still_true = 0
    while planted < 300:
        path, encoding, rows = chance.choice(files)
        row, field = chance.choice(rows), chance.choice(("value", "record", "original_name"))
        wrong = chance.choice([getattr(each, field) for each in rows])
        if field == "value":
            wrong = row.value * chance.choice((1.001, 10, -1)) + chance.choice((0, 1))
        if wrong == getattr(row, field):
            continue
        planted += 1
        false = row._replace(**{field: wrong})
        same = [each for each in rows if (each.record, each.original_name) == (false.record, false.original_name)]
        if reread.complaints((root / path).read_bytes(), path, encoding, [false]):
            caught += 1
        else:
            still_true += any(math.isclose(each.value, false.value) for each in same)
    assert (caught + still_true, caught >= 270) == (300, True), (caught, still_true)


def test_as_many_numbers_are_found_as_an_independent_count_finds(root, ingested):
    """Numeric cells of CSV, numeric leaves of JSON. Elsewhere the count may differ: JSON texts that hold numbers are
    found where the vocabulary knows a unit for their name, and of a Markdown page only tables and list items are."""
    counted = 0
    for file in ingested.files.itertuples():
        if file.status in ("duplicate_of", "malformed") or file.kind == "markdown":
            continue
        text = reread.decoded((root / file.path).read_bytes(), file.encoding)
        count = reread.count_csv(text, ",") if file.kind == "csv" else reread.count_json(json.loads(text))
        assert count == file.numbers, file.path
        counted += count
    assert counted > 3_000


@needs_corpus
def test_the_runs_and_failures_of_a_real_sweep():
    ingested = read_in_memory(CORPUS)
    name = "reports/gemma3/gemma3_270m_param_tuning.csv"
    rows = ingested.measurements[ingested.measurements["file"] == name]
    assert ingested.files.set_index("path").loc[name, "records"] == 36
    assert rows[rows["error"]]["record"].tolist() == ["row 19", "row 20"]
    assert rows["metric"].value_counts()["ttft_ms"] == 34
    assert set(rows["model"]) == {"gemma3:270m"}
    assert set(rows["model_source"]) == {"path"}
    first = rows[(rows["record"] == "row 1")].set_index("metric")
    assert first.loc["ttft_ms", "value"] == 1.1485114 * 1000
    assert first.loc["decode_tok_s", "value"] == 278.84860554273496
    assert first.loc["ttft_ms", "params"] == '{"num_ctx":1024,"num_gpu":999,"temperature":0.2}'


@needs_corpus
@pytest.mark.parametrize(
    ("model", "failures"),
    [("gemma3", []), ("gemma3_1b-it-qat", []), ("gemma3_270m", ["row 19", "row 20"])],
)
def test_every_sweep_of_the_corpus_has_36_runs(corpus, model, failures):
    name = f"reports/gemma3/{model}_param_tuning.csv"
    assert corpus.files.set_index("path").loc[name, "records"] == 36
    rows = corpus.measurements[corpus.measurements["file"] == name]
    assert rows["aggregate"].isna().all()
    assert rows["record"].nunique() == 36
    assert rows.loc[rows["metric"] == FAILED, "record"].tolist() == failures


@needs_corpus
def test_the_units_row_of_a_profile_gives_units(corpus):
    name = "reports/profiling/ncu_ollama_raw.csv"
    row = corpus.files.set_index("path").loc[name]
    assert (row["status"], row["records"]) == ("ok", 1)
    rows = corpus.measurements[corpus.measurements["file"] == name].set_index("metric")
    duration = rows.loc["gpu__time_duration.sum"]
    assert (duration["value"], duration["original_unit"], duration["record"]) == (9.408, "us", "row 1")


@needs_corpus
def test_every_number_of_the_corpus_has_a_known_name_or_is_named_as_unread(corpus):
    files = corpus.files
    unread = [sum(json.loads(names).values()) for names in files["unread"]]
    assert files["covered"].sum() / files["numbers"].sum() >= 0.85
    assert (files["covered"].sum() + sum(unread)) / files["numbers"].sum() >= 0.95


@needs_corpus
def test_what_the_corpus_holds():
    files = read_in_memory(CORPUS).files
    assert files["kind"].value_counts().to_dict() == {"json": 44, "markdown": 29, "csv": 28}
    bad = files[files["status"] == "malformed"]
    assert bad["path"].tolist() == ["reports/profiling/ncu_summary.csv"]
    assert bad["encoding"].tolist() == ["utf-16-le"]
    assert bad["reason"].iloc[0].startswith("line 1: not a table, \"==ERROR== the argument for option '--page'")
    # param_tuning_summary.csv is there twice too, but of one of them the path alone says which model it is about
    copies = files[files["status"] == "duplicate_of"].set_index("path")
    assert copies["reason"].to_dict() == {
        "reports/llama3/ollama_param_tuning.csv": "csv_data/ollama_param_tuning.csv",
        "reports/llama3/ollama_quant_bench.csv": "csv_data/ollama_quant_bench.csv",
        "reports/ollama/ollama_benchmark_summary.md": "reports/llama3/ollama_benchmark_summary.md",
    }
    assert (copies["measurements"] == 0).all()


def test_a_failed_run_without_numbers_is_kept(tmp_path):
    (tmp_path / "a.csv").write_text("model,ttft_s,error\nm:1,,timed out\n")
    (row,) = read_in_memory(tmp_path).measurements.itertuples()
    assert (row.metric, row.value, row.original_name, row.record, row.error) == (FAILED, 1.0, "error", "row 1", True)


def test_aggregates_are_marked(tmp_path):
    (tmp_path / "x_summary.csv").write_text("mean_ttft_s,prompt_eval_s\n1,2\n")
    (tmp_path / "y.md").write_text("| model | ttft_s |\n|---|---|\n| a | 3 |\n")
    (tmp_path / "z.json").write_text('{"total_tokens": 9, "results": [{"tokens": 9}]}')
    rows = read_in_memory(tmp_path).measurements
    assert rows["aggregate"].fillna("raw").tolist() == ["mean", "summary", "reported", "sum", "raw"]


def test_statuses_and_reasons(tmp_path):
    (tmp_path / "latin.csv").write_bytes("model,ttft_s\ncafé,1\n".encode("latin-1"))
    (tmp_path / "sixteen.csv").write_bytes("model,ttft_s\na,1\n".encode("utf-16"))
    (tmp_path / "binary.csv").write_bytes(b"PK\0\0\1")
    (tmp_path / "blank.csv").write_bytes(b" \n")
    (tmp_path / "blank2.csv").write_bytes(b" \n")
    (tmp_path / "copy.csv").write_bytes("model,ttft_s\na,1\n".encode("utf-16"))
    (tmp_path / "cut.json").write_text('{"a": ')
    (tmp_path / "ragged.csv").write_text("model,ttft_s\na,1\nb\n")
    (tmp_path / "broken.csv").write_bytes("a,b".encode("utf-16") + b"x")
    (tmp_path / "words.md").write_text("Nothing.\n")
    files = read_in_memory(tmp_path).files.set_index("path")
    assert files["status"].to_dict() == {
        "binary.csv": "malformed",
        "blank.csv": "empty",
        "blank2.csv": "empty",
        "broken.csv": "malformed",
        "copy.csv": "ok",
        "cut.json": "malformed",
        "latin.csv": "ok",
        "ragged.csv": "partial",
        "sixteen.csv": "duplicate_of",
        "words.md": "empty",
    }
    assert files["encoding"].dropna().to_dict() == {
        "broken.csv": "utf-16",
        "copy.csv": "utf-16",
        "cut.json": "utf-8",
        "latin.csv": "latin-1",
        "ragged.csv": "utf-8",
        "sixteen.csv": "utf-16",
        "words.md": "utf-8",
    }
    assert files.loc["ragged.csv", "reason"] == "row 2 has 1 cells, the header has 2"
    assert files.loc["broken.csv", "reason"] == "byte 8: marked as utf-16, but truncated data"
    assert files.loc["cut.json", "reason"] == "line 1, column 7: Expecting value"


def test_of_a_file_over_the_limit_the_beginning_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(parse, "MAX_BYTES", 40)
    monkeypatch.setattr(parse, "SAMPLE_BYTES", 30)
    (tmp_path / "a.csv").write_text("ttft_ms,tokens_s\n" + "1,2\n" * 20)
    (tmp_path / "b.json").write_text(json.dumps([{"ttft_ms": place} for place in range(20)]))
    (tmp_path / "c.jsonl").write_bytes("".join(f'{{"ttft_ms": {place}}}\n' for place in range(20)).encode("utf-16"))
    (tmp_path / "d.csv").write_text("ttft_ms\n" + "1\n" * 16)  # 40 bytes
    ingested = read_in_memory(tmp_path)
    files = ingested.files.set_index("path")
    assert files["status"].tolist() == ["too_large", "too_large", "too_large", "ok"]
    said = "97 bytes, of which only the first 30 were read; the limit is 40"
    assert files.loc["a.csv", "reason"] == said
    counts = ingested.measurements["file"].value_counts().to_dict()
    assert counts == {"a.csv": 6, "b.json": 1, "d.csv": 16}
    assert ingested.digest == data_digest(tmp_path)


def test_json_lines_of_any_size_are_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(parse, "SAMPLE_BYTES", 30)
    monkeypatch.setattr(line_stream, "LONGEST_LINE", 60)
    lines = [f'{{"ttft_ms": {place}, "model": "lynx"}}' for place in range(50)]
    lines[3] = "not JSON"
    lines[5] = json.dumps({"prompt": "x" * 200, "ttft_ms": 1})
    lines[7] = '{"ttft_ms": 7, "model": "lynx é"}'
    raw = b"\xef\xbb\xbf" + "\n".join(lines).encode()
    (tmp_path / "a.jsonl").write_bytes(raw)
    (tmp_path / "b.ndjson").write_bytes(raw)
    ingested = read_in_memory(tmp_path)
    files = ingested.files.set_index("path")
    assert files["status"].to_dict() == {"a.jsonl": "partial", "b.ndjson": "duplicate_of"}
    assert files.loc["a.jsonl", "reason"] == (
        "line 4: Expecting value at column 1; line 6 has over 60 bytes and was left out"
    )
    rows = ingested.measurements
    assert rows["file"].unique().tolist() == ["a.jsonl"]
    assert rows["value"].tolist() == [place for place in range(50) if place not in (3, 5)]
    assert rows["model"].tolist()[5] == "lynx é"
    assert ingested.digest == data_digest(tmp_path)


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_lines_are_read_alike_from_a_stream_and_from_a_text(tmp_path, monkeypatch, end):
    text = '{"model": "lynx", "type": "start"}\n{"ttft_ms": 1}\n\n{"error": "lost"}\nrubbish\n{"x": 1, "x": 2}'
    raw = text.replace("\n", "\r\n" if end == "\r\n" else "\n").encode() + end.encode() + b"\xe9"
    (tmp_path / "a.jsonl").write_bytes(raw)
    whole = read_in_memory(tmp_path)
    monkeypatch.setattr(parse, "SAMPLE_BYTES", 10)
    streamed = read_in_memory(tmp_path)
    assert streamed.measurements.equals(whole.measurements)
    assert streamed.files.equals(whole.files)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_it(tmp_path):
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "a.csv").chmod(0)
    assert status_of(tmp_path, "a.csv") == ("unreadable", "Permission denied")


def test_a_file_that_vanishes_is_unreadable(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("x")
    found = discover(tmp_path)
    (tmp_path / "a.csv").unlink()
    monkeypatch.setattr(folder, "discover", lambda root: found)
    assert status_of(tmp_path, "a.csv") == ("unreadable", "No such file or directory")


def test_progress_is_reported(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"ttft_s\n{ord(name)}\n")
    seen = []
    read_in_memory(tmp_path, lambda done, total: seen.append((done, total)))
    assert seen == [(2, 2)]


def test_a_folder_without_measurements_gives_valid_empty_tables(tmp_path):
    (tmp_path / "a.md").write_text("words")
    ingested = read_in_memory(tmp_path)
    assert len(Measurements.validate(ingested.measurements)) == 0
    with pytest.raises(NoReportsError):
        read_in_memory(tmp_path / "nowhere")
