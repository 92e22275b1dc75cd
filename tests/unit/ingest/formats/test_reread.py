"""Every number that a reader gives stands in its file, at its record and under its name."""

import pytest

from chimera_dagster.ingest.folder import read_in_memory
from tests.unit.ingest import fuzz_cases, reread
from tests.unit.ingest.formats.reading_files import FORMATS, read_file

FOLDERS = ["ollama", "llama_bench", "llama_benchy"]
FILES = [path for folder in FOLDERS for path in sorted((FORMATS / folder).iterdir())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_each_number_is_found_again(path):
    read = read_file(path)
    rows = [reread.Row(*values) for values in read.values(*reread.Row._fields)]
    assert len(rows) > 5
    assert reread.complaints(path.read_bytes(), path.name, read.file.encoding, rows) == []
    wrong = [row._replace(value=row.value * 1.5) for row in rows if row.value]
    assert len(reread.complaints(path.read_bytes(), path.name, read.file.encoding, wrong)) > len(wrong) / 2


@pytest.mark.slow
def test_so_is_each_number_of_damaged_copies(tmp_path):
    real = [(path.suffix, path.read_bytes()) for path in FILES]
    content = {}
    for place, (_, suffix, raw) in enumerate(fuzz_cases.mutations(real, 4_000, seed=1)):
        content[f"{place:04}{suffix}"] = raw
        (tmp_path / f"{place:04}{suffix}").write_bytes(raw)
    ingested = read_in_memory(tmp_path)
    encodings = dict(zip(ingested.files["path"], ingested.files["encoding"], strict=True))
    rows = reread.by_file(ingested.measurements)
    assert len(rows) > 1_500
    for path, found in rows.items():
        assert reread.complaints(content[path], path, encodings[path], found) == []
