"""A file is the copy of another only if reading it would give the same rows once more: no number is hidden."""

from pathlib import Path

import pytest

from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.ingest import pool
from chimera_dagster.ingest.folder import FolderTables, read_in_memory

PRETTY = '{\n "model": "m:9",\n "ttft_ms": 78\n}\n'
RUNS = "ttft_ms,decode_tok_s\n" + "".join(f"{412.25 + n},{57.25 + n}\n" for n in range(4))


@pytest.fixture(params=["together", "apart"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files that one collector reads, or one each."""
    if request.param == "apart":
        monkeypatch.setattr(pool, "_CHUNK_FILES", 1)
    return tmp_path


def written(root: Path, **files: str) -> FolderTables:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_in_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_in_memory(root)


def statuses(tables: FolderTables) -> dict[str, tuple[str, int]]:
    return {row.path: (row.status, row.measurements) for row in tables.files.itertuples()}


def test_a_copy_of_a_file_that_could_not_be_read_is_read(folder: Path) -> None:
    csv = "model,ttft_ms\nm:7,79\n"
    found = written(folder, a_in_csv=PRETTY, b_in_json=PRETTY, c_in_md=csv, d_in_csv=csv)
    assert statuses(found) == {"a.csv": ("malformed", 0), "b.json": ("ok", 1), "c.md": ("empty", 0), "d.csv": ("ok", 1)}
    assert found.measurements["value"].tolist() == [78, 79]


def test_each_of_two_files_that_can_t_be_read_says_so(folder: Path) -> None:
    found = written(folder, a_in_json='{"a": ', b_in_json='{"a": ')
    assert set(found.files["status"]) == {"malformed"}
    assert set(found.files["reason"]) == {"line 1, column 7: Expecting value"}


def test_the_model_of_a_path_makes_other_runs_of_the_same_bytes(folder: Path) -> None:
    found = written(folder, a_in_csv=RUNS, gemma3_270m__run_in_csv=RUNS, smollm2_135m__run_in_csv=RUNS)
    assert {status for status, _ in statuses(found).values()} == {"ok"}
    models = found.measurements.groupby("file")["model"].first().to_dict()
    assert models["gemma3_270m/run.csv"] == "gemma3:270m" and models["smollm2_135m/run.csv"] == "smollm2:135m"
    assert duplicate_runs(found.measurements) == {}


def test_the_model_of_a_path_is_nothing_to_a_file_that_names_its_own(folder: Path) -> None:
    named = "model,ttft_ms,decode_tok_s\n" + "".join(f"m:7,{412.25 + n},{57.25 + n}\n" for n in range(4))
    found = written(folder, a_in_csv=named, gemma3_270m__run_in_csv=named)
    assert statuses(found)["gemma3_270m/run.csv"] == ("duplicate_of", 0)
    assert statuses(found)["a.csv"] == ("ok", 8)


def test_a_summary_is_not_a_copy_of_runs(folder: Path) -> None:
    found = written(folder, x_summary_in_csv=RUNS, y_runs_in_csv=RUNS)
    assert statuses(found) == {"x_summary.csv": ("ok", 8), "y_runs.csv": ("ok", 8)}
    of_runs = found.measurements[found.measurements["file"] == "y_runs.csv"]
    assert of_runs["aggregate"].isna().all()


def test_a_copy_is_a_copy(folder: Path) -> None:
    found = written(
        folder, a_in_csv=RUNS, b_in_csv=RUNS, c_in_tsv=RUNS, gemma3_270m__a_in_csv=RUNS, gemma3_270m__b_in_csv=RUNS
    )
    copies = found.files[found.files["status"] == "duplicate_of"].set_index("path")["reason"].to_dict()
    assert copies == {"b.csv": "a.csv", "c.tsv": "a.csv", "gemma3_270m/b.csv": "gemma3_270m/a.csv"}


def test_one_document_on_a_line_is_the_same_under_both_names_of_json(folder: Path) -> None:
    found = written(
        folder, a_in_json='{"model": "m:9", "ttft_ms": 78}\n', b_in_jsonl='{"model": "m:9", "ttft_ms": 78}\n'
    )
    assert statuses(found) == {"a.json": ("ok", 1), "b.jsonl": ("duplicate_of", 0)}


def test_lines_that_were_read_in_part_are_read_again_as_a_document(folder: Path) -> None:
    text = '{"model": "m:9", "ttft_ms": 78}\nrubbish\n'
    found = written(folder, a_in_jsonl=text, b_in_json=text)
    assert [status for status, _ in statuses(found).values()] == ["partial", "partial"]


def test_runs_in_the_folders_of_two_models_are_those_of_both(tmp_path: Path) -> None:
    as_json = "[" + ",".join(f'{{"ttft_ms": {412.25 + n}, "decode_tok_s": {57.25 + n}}}' for n in range(4)) + "]"
    found = written(
        tmp_path, gemma3_270m__run_in_csv=RUNS, smollm2_135m__run_in_json=as_json, smollm2_135m__run_in_csv=RUNS
    )
    assert duplicate_runs(found.measurements) == {"smollm2_135m/run.json": "smollm2_135m/run.csv"}
