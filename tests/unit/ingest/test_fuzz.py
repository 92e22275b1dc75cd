"""20,000 files that nobody wrote: none ends the reading, none is without an account, and no number is invented."""

import faulthandler
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from chimera_dagster.ingest import parse
from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.schemas import FILE_STATUSES, BenchmarkFiles, Measurements
from tests.unit.ingest import fuzz_cases, reread

pytestmark = pytest.mark.slow

REPO = Path(__file__).parents[3]
EXAMPLES = {"a.csv": 800, "a.json": 600, "a.jsonl": 200, "a.md": 600}
MUTATED, BATCH = 17_850, 850
JUDGED = ["encoding", "numbers", "covered", "measurements", "status", "reason"]
every_example = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _an_endless_loop_ends_the_run():
    faulthandler.dump_traceback_later(900, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def is_accounted_for(raw, file, rows):
    """`file` is a FileRow or its like, `rows` those of the measurements table that are the file's."""
    assert file.status in FILE_STATUSES
    assert (file.reason == "") == (file.status == "ok")
    assert 0 <= file.covered <= file.numbers
    assert file.measurements == len(rows)
    if rows:
        assert reread.complaints(raw, file.path, file.encoding, rows) == []


def read(path, raw):
    """The row of the files table and the rows of the measurements table, without a file."""
    tables = []
    collector = Collector(tables.append)
    row = parse._read(
        parse.FileRow(path, "markdown" if path.endswith("md") else path[2:6].rstrip("l"), 0, 0),
        "digest",
        raw,
        collector,
        "",
    )
    collector.flush()
    row = parse.with_later(row, collector)
    fields = reread.Row._fields
    columns = [[value for table in tables for value in table[name].to_pylist()] for name in fields]
    return row, [reread.Row(*values) for values in zip(*columns, strict=True)]


def fuzzed(path, files):
    def test():
        seen = Counter()

        @settings(every_example, max_examples=EXAMPLES[path])
        @given(files)
        def one(raw):
            row, rows = read(path, raw)
            is_accounted_for(raw, row, rows)
            seen.update([row.status, "measured" if rows else "none"])

        one()
        assert seen["measured"] > EXAMPLES[path] / 10, seen

    return test


test_random_csv = fuzzed("a.csv", fuzz_cases.csv_files)
test_random_json = fuzzed("a.json", fuzz_cases.json_files)
test_random_json_lines = fuzzed("a.jsonl", fuzz_cases.jsonl_files)
test_random_markdown = fuzzed("a.md", fuzz_cases.markdown_files)


def test_damaged_copies_of_real_files(tmp_path):
    real = fuzz_cases.real_files(REPO / "data/reports", REPO / "../shared/corpus")
    assert len(real) > 20
    done, statuses = Counter(), Counter()
    cases = fuzz_cases.mutations(real, MUTATED, seed=1)
    for batch in range(MUTATED // BATCH):
        folder = tmp_path / str(batch)
        folder.mkdir()
        content = {}
        for place in range(BATCH):
            kind, suffix, raw = next(cases)
            done[kind] += 1
            content[f"{place:03}{suffix}"] = raw
            (folder / f"{place:03}{suffix}").write_bytes(raw)
        ingested = read_in_memory(folder)
        assert list(ingested.files["path"]) == sorted(content)
        BenchmarkFiles.validate(ingested.files)
        Measurements.validate(ingested.measurements)
        rows = reread.by_file(ingested.measurements)
        for file in ingested.files[["path", *JUDGED]].itertuples():
            is_accounted_for(content[file.path], file, rows.get(file.path, []))
            statuses[file.status] += 1
    assert min(done.values()) > MUTATED / 10
    assert statuses["ok"] > MUTATED / 10
    assert statuses["partial"] > MUTATED / 50
    assert statuses["malformed"] > MUTATED / 10
    assert sum(statuses.values()) + sum(EXAMPLES.values()) >= 20_000
