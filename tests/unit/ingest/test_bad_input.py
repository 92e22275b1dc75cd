"""Files that no reader wants: each has one row, and one reason that names what and where."""

import builtins
import json
import os
import time
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest

from chimera_dagster.ingest import discover, parse, pool
from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.folder import ingest_files, read_in_memory
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.markdown_reader import read_markdown
from chimera_dagster.schemas import BenchmarkFiles, Measurements
from tests.unit.ingest.reading import read


def one(root, name, content):
    """The row of a file in the files table, and its values by original name."""
    (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return of(root, name)


def of(root, path):
    ingested = read_in_memory(root)
    BenchmarkFiles.validate(ingested.files)
    rows = Measurements.validate(ingested.measurements)
    rows = rows[rows["file"] == path]
    file = ingested.files.set_index("path").loc[path]
    assert file["measurements"] == len(rows)
    return file["status"], file["reason"], [*zip(rows["original_name"], rows["value"], strict=True)]


GOOD = "ttft_ms\n7\n"
READ = ("ok", "", [("ttft_ms", 7.0)])


class Growing(BytesIO):
    """What a file that is written to gives: more than its size was when it was opened."""

    def fileno(self):
        return os.open(os.devnull, os.O_RDONLY)


def replace_open(monkeypatch, result):
    def opened(path, *arguments, **options):
        if str(path).endswith("a.csv"):
            return result()
        return original(path, *arguments, **options)

    original = builtins.open
    monkeypatch.setattr(builtins, "open", opened)


def test_a_file_that_grows_while_it_is_read(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text(GOOD)
    replace_open(monkeypatch, lambda: Growing(GOOD.encode()))
    assert of(tmp_path, "a.csv") == ("partial", "the file changed while it was read", READ[2])


def test_a_file_that_may_not_be_opened(tmp_path, monkeypatch):
    def refused():
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.csv").write_text(GOOD)
    replace_open(monkeypatch, refused)
    assert of(tmp_path, "a.csv") == ("unreadable", "Permission denied", [])


def test_a_file_whose_disk_fails(tmp_path, monkeypatch):
    class Failing(BytesIO):
        fileno = Growing.fileno

        def read(self, *_):
            raise OSError(5, "Input/output error")

    (tmp_path / "a.csv").write_text(GOOD)
    replace_open(monkeypatch, Failing)
    assert of(tmp_path, "a.csv") == ("unreadable", "Input/output error", [])


def test_a_folder_named_like_a_file_is_a_folder(tmp_path):
    (tmp_path / "x.csv").mkdir()
    assert one(tmp_path, "x.csv/y.csv", GOOD) == READ
    assert len(read_in_memory(tmp_path).files) == 1


@pytest.mark.parametrize(
    "name", ["a\nb.csv", "🚀.csv", "שלום-مرحبا.csv", f"{'x' * 251}.csv", " .csv", "a'\"%.csv", "%41.csv"]
)
def test_strange_names(tmp_path, name):
    assert one(tmp_path, name, GOOD) == READ


def test_names_that_are_no_utf_8_stay_apart_from_those_that_look_like_them(tmp_path):
    (tmp_path / "caf\\xe9.csv").write_text(GOOD)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")).write_text("ttft_ms\n8\n")
    assert of(tmp_path, "caf\\xe9.csv") == ("ok", "", [("ttft_ms", 8.0)])
    assert of(tmp_path, "caf\\\\xe9.csv") == READ


def test_a_pipe_and_links(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    os.mkfifo(root / "pipe.csv")
    (root / "loop.csv").symlink_to(root / "loop.csv")
    (root / "here").symlink_to(root)
    (root / "away.csv").symlink_to(tmp_path / "out.csv")
    (tmp_path / "out.csv").write_text(GOOD)
    assert of(root, "pipe.csv") == ("unreadable", "it is a pipe, not a file", [])
    assert of(root, "loop.csv") == ("unreadable", "Too many levels of symbolic links", [])
    assert of(root, "away.csv") == ("unreadable", "a link that leaves the reports folder is not followed", [])
    assert len(read_in_memory(root).files) == 3


def test_a_folder_that_can_not_be_listed_has_a_row(tmp_path, monkeypatch):
    def refused(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    scandir = os.scandir
    (tmp_path / "locked").mkdir()
    (tmp_path / "a.csv").write_text(GOOD)
    monkeypatch.setattr(discover.os, "scandir", refused)
    assert of(tmp_path, "locked/") == ("unreadable", "Permission denied", [])
    assert of(tmp_path, "a.csv") == READ


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", ("empty", "the file is empty", [])),
        ("a.json", b"\xef\xbb\xbf", ("malformed", "line 1, column 1: Expecting value", [])),
        ("a.csv", b"\xef\xbb\xbf", ("empty", "no record with a number was found", [])),
        ("a.csv", b"model,ttft_ms\n", ("empty", "no record with a number was found", [])),
        (
            "a.json",
            b'{"ttft_ms": 1, "ttft_ms": 2}',
            ("partial", "key 'ttft_ms' appears 2 times in one object, its last value was read", [("ttft_ms", 2)]),
        ),
        (
            "a.jsonl",
            b'{"x": 1}\n{"a": 1, "a": 2}',
            ("partial", "line 2, key 'a' appears 2 times in one object, its last value was read", [("x", 1), ("a", 2)]),
        ),
        (
            "a.json",
            b'{"x": 1, "r": [{"y_ms": 1e400}]}',
            ("partial", "/r/0, y_ms: inf is too large, in any unit", [("x", 1)]),
        ),
        ("a.json", b'{"x": 1, "ttft_s": 1e308}', ("partial", "/, ttft_s: 1e+308 is too large, in ms", [("x", 1)])),
        ("a.csv", b"x,ttft_s\n1,1e308\n", ("partial", "row 1, ttft_s: 1e308 is too large, in ms", [("x", 1)])),
        (
            "a.json",
            b'{"x": 1, "y": 1%s}' % (b"0" * 400),
            ("partial", f"/, y: 1{'0' * 39} is too large, in any unit", [("x", 1)]),
        ),
        (
            "a.json",
            b'{"x": 1, "y": NaN, "z": -Infinity}',
            ("partial", "/, z: -inf is too large, in any unit", [("x", 1)]),
        ),
        ("a.json", b'{"x": -0.0}', ("ok", "", [("x", 0)])),
        ("a.json", b'{"\\ud83d_x": 5}', ("ok", "", [("\\ud83d_x", 5)])),
        ("a.json", b'{"\\ud83d_x": 1e400}', ("partial", "/, \\ud83d_x: inf is too large, in any unit", [])),
        ("a.csv", "a,ttft\n,µs\nx,5\n".encode("latin-1"), ("ok", "", [("ttft", 0.005)])),
        ("a.csv", b"a,ttft_ms\rx,1\ny,2\r\nz,3", ("ok", "", [("ttft_ms", 1), ("ttft_ms", 2), ("ttft_ms", 3)])),
        ("a.md", b"| a | ttft_ms |\n|---|---|\n| x\x85y | 5 |\n", ("ok", "", [("ttft_ms", 5)])),
        ("a.md", b"```x```\n- TTFT: 5 ms\n", ("ok", "", [("TTFT", 5)])),
        (
            "a.md",
            b"| a | ttft_ms |\n|---|---|\n| x | 1 | 2 |\n",
            ("partial", "table 1 row 1 has 3 cells, the header has 2", [("ttft_ms", 1)]),
        ),
    ],
)
def test_what_is_said_of_a_file(tmp_path, name, content, said):
    assert one(tmp_path, name, content) == said


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(tmp_path, encoding):
    assert one(tmp_path, "a.csv", GOOD.encode(encoding)) == READ


def test_a_header_of_10_000_columns(tmp_path):
    head = ",".join(f"c{place}" for place in range(10_000))
    status, reason, values = one(tmp_path, "a.csv", f"{head},c7\n{','.join(map(str, range(10_001)))}\n")
    assert (status, reason) == ("partial", "column 'c7' appears twice in the header")
    assert [value for _, value in values] == list(range(10_001))


@pytest.mark.slow
def test_a_cell_of_50_million_characters(tmp_path):
    status, reason, values = one(tmp_path, "a.csv", "prompt,ttft_ms\na,7\n" + "x" * 50_000_000 + ",8\nb,9\n")
    assert (status, values) == ("partial", READ[2])
    assert reason == "line 3: field larger than field limit (16777216); nothing after line 3 was read"


@pytest.mark.slow
def test_200_000_rows_arrive_in_several_tables(tmp_path):
    (tmp_path / "a.csv").write_text("ttft_ms\n" + "7\n" * 200_000)
    sizes = []
    ingest_files(tmp_path, discover.discover(tmp_path), lambda table: sizes.append(len(table)))
    assert (sum(sizes), max(sizes) < 40_000, len(sizes) > 5) == (200_000, True, True)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "start"), [("a.csv", GOOD * 10), ("a.json", '{"ttft_ms": 7}'), ("a.md", "- a: 1\n")])
def test_of_a_sparse_file_of_200_mb_the_beginning_is_read(tmp_path, name, start):
    with (tmp_path / name).open("wb") as file:
        file.write(start.encode())
        file.truncate(200 << 20)
    status, reason, values = of(tmp_path, name)
    size, sample, most = 200 << 20, parse.SAMPLE_BYTES, parse.MAX_BYTES
    assert (status, values) == ("malformed", [])
    assert reason.startswith(f"{size} bytes, of which only the first {sample} were read; the limit is {most}; ")
    assert reason.endswith(f"byte {len(start)} is zero: binary data")


@pytest.mark.slow
def test_a_pool_of_processes_gives_what_one_process_gives(tmp_path, monkeypatch):
    for place in range(40):
        (tmp_path / f"{place:02}.csv").write_text(f"model,ttft_ms\nm:{place % 7},{place % 30}\nx\n")
        (tmp_path / f"{place:02}.json").write_text(json.dumps([{"seed": place, "tokens_s": place}]))
    alone = read_in_memory(tmp_path)
    workers = []

    class Counted(pool.Worker):
        def __init__(self):
            workers.append(self)
            super().__init__()

    monkeypatch.setattr(pool, "Worker", Counted)
    monkeypatch.setattr(pool, "cores", lambda: 2)
    monkeypatch.setattr(pool, "_POOL_FILES", 10)
    monkeypatch.setattr(pool, "_CHUNK_FILES", 7)
    pooled = read_in_memory(tmp_path)
    assert len(workers) == 2
    assert pooled.files.equals(alone.files)
    assert pooled.measurements.equals(alone.measurements)
    assert pooled.digest == alone.digest
    assert all(worker._process.poll() is not None for worker in workers)


def test_a_worker_that_dies_is_named_and_the_others_end(tmp_path, monkeypatch):
    for place in range(40):
        (tmp_path / f"{place:02}.csv").write_text(f"model,ttft_ms\nm:1,{place}\n")
    workers = []

    class Doomed(pool.Worker):
        def __init__(self):
            workers.append(self)
            super().__init__()
            self._process.kill()

    monkeypatch.setattr(pool, "Worker", Doomed)
    monkeypatch.setattr(pool, "cores", lambda: 2)
    monkeypatch.setattr(pool, "_POOL_FILES", 10)
    monkeypatch.setattr(pool, "_CHUNK_FILES", 7)
    with pytest.raises(RuntimeError, match="ended with -9"):
        read_in_memory(tmp_path)
    assert all(worker._process.poll() is not None for worker in workers)


GROWING = {
    "spaces": (read_markdown, lambda n: " " * n + "x|"),
    "spaces behind a rule": (read_markdown, lambda n: "--|--" + " " * n + "x"),
    "dashes": (read_markdown, lambda n: "-" * n + "|x"),
    "pipes": (read_markdown, lambda n: "|" * n),
    "rule": (read_markdown, lambda n: "|--" * n + "x"),
    "stars": (read_markdown, lambda n: "- a: 5" + "*" * n + "x"),
    "digits": (read_markdown, lambda n: "- a: " + "1" * n + "("),
    "dots": (read_markdown, lambda n: "- a: 1" + ".,-" * n + "("),
    "spaces in a value": (read_markdown, lambda n: "- a: 5" + " " * n + "5"),
    "spreads": (read_markdown, lambda n: "- a: 5" + "± " * n + "x"),
    "spaces before glue": (read_markdown, lambda n: "- a: x" + " " * n + "y"),
    "brackets": (read_markdown, lambda n: "- a: 5 ms " + "(" * n),
    "spread": (read_markdown, lambda n: "- a: 5" + " " * n + "± x"),
    "equals": (read_markdown, lambda n: "a = " * (n // 4)),
    "stars before a pair": (read_markdown, lambda n: "*" * n + "a: 5"),
    "words of a heading": (read_markdown, lambda n: "# " + "lynx-" * (n // 5) + "7b"),
    "headings": (read_markdown, lambda n: "# lynx:7b\n" * (n // 10)),
    "captions": (read_markdown, lambda n: "lynx:7b:\n" * (n // 9)),
    "grids": (read_markdown, lambda n: "|a|b|\n+-+-+\n" * (n // 12)),
    "grid": (read_markdown, lambda n: "+-" * n),
    "boxes": (read_markdown, lambda n: "│─" * n),
    "fences of tables": (read_markdown, lambda n: "```\n|a|b|\n|-|-|\n```\n" * (n // 24)),
    "fence": (read_markdown, lambda n: "`" * n + "x`"),
    "table of spaces": (partial(read_markdown, is_console=True), lambda n: "ttft_ms  tok/s\n" * (n // 15)),
    "spaces between columns": (partial(read_markdown, is_console=True), lambda n: "model  ttft_ms" + " " * n + "x"),
    "dashes between spaces": (partial(read_markdown, is_console=True), lambda n: "model  ttft_ms\n" + "-- " * (n // 3)),
    "tables in html": (read_markdown, lambda n: "<table>" * (n // 7) + "\n</table>"),
    "tables in html that do not end": (read_markdown, lambda n: "<table>\n" * (n // 8)),
    "brackets in a name": (read_csv, lambda n: "a," + "(" * n + "\nx,5\n"),
    "aggregates in a name": (read_csv, lambda n: "a," + "mean_" * (n // 2) + "\nx,5\n"),
    "columns": (read_csv, lambda n: "a," * (n // 4) + "b\n"),
    "quotes": (read_csv, lambda n: "a,b\n" + '"' * n),
    "open brackets": (read_json, lambda n: "[" * n + "," * n),
    "backslashes": (read_json, lambda n: '[{"a": 1}, {"b": "' + "\\" * n),
    "brackets of a log": (read_json, lambda n: "x\n" + "[1, \n" * (n // 5)),
    "lines of a log": (read_json, lambda n: "x\n" + "[1] {\n" * (n // 6)),
    "documents in a log": (read_json, lambda n: "x\n" + '{"a": 5}\n' * (n // 9)),
    "tag of a log": (read_json, lambda n: "[" + " " * n + "x"),
    "keys that may be models": (read_json, lambda n: json.dumps({f"lynx-{place}b": 5 for place in range(n // 80)})),
    "words of a key": (read_json, lambda n: json.dumps({"mean-" * (n // 5) + "7b": 5})),
    "keys": (read_json, lambda n: json.dumps({"x" * place: 5 for place in range(n // 400)})),
}


@pytest.mark.parametrize("name", GROWING)
def test_four_times_the_text_takes_about_four_times_as_long(name):
    """Sixteen times, where every end of a match is tried with every beginning. The ratio, and of processor time."""
    reader, text = GROWING[name]

    def seconds(size):
        started = time.process_time()
        read(reader, text(size))
        return time.process_time() - started

    least = {size: min(seconds(size) for _ in range(3)) for size in (20_000, 80_000)}
    assert least[80_000] < 9 * least[20_000] + 0.02, least
