"""What notes beside results say of the machine and the engine."""

import json

import pytest

from chimera_dagster.ingest.folder import read_in_memory

RUN = "model,tok_s\nlynx-7b,41.5\n"


def told(tmp_path, files):
    """GPU, engine and what named them, by file with results."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    rows = read_in_memory(tmp_path).measurements
    columns = ["file", "gpu", "backend", "named_by"]
    found = {}
    for file, *said, named_by in rows[columns].astype("object").where(rows[columns].notna(), None).to_numpy().tolist():
        found[file] = (*said, json.loads(named_by) if named_by else {})
    return found


def test_a_line_of_notes_holds_for_the_folder(tmp_path):
    readme = "# Runs\n\n- **GPU**: NVIDIA RTX 3090\n- Engine: vLLM 0.8.5\n"
    assert told(tmp_path, {"README.md": readme, "a.csv": RUN, "deep/er/b.csv": RUN.replace("41", "42")}) == {
        "a.csv": ("NVIDIA RTX 3090", "vllm", {"gpu": "README.md", "backend": "README.md"}),
        "deep/er/b.csv": ("NVIDIA RTX 3090", "vllm", {"gpu": "README.md", "backend": "README.md"}),
    }


def test_the_nearest_notes_count(tmp_path):
    files = {"README.md": "GPU: RTX 3090", "mac/notes.txt": "Hardware: Apple M2 Max, 64 GB\n", "mac/a.csv": RUN}
    assert told(tmp_path, files) == {"mac/a.csv": ("Apple M2 Max", None, {"gpu": "mac/notes.txt"})}


@pytest.mark.parametrize(
    "notes",
    [
        "GPU: RTX 3090, as fast as an RTX 4090",
        "GPU: RTX 3090\n\nAn A100 was used for training.",
        "We ran it on an RTX 3090.",
        "GPU: a large one",
        "Engine: vLLM\n\nOllama is slower.",
        "GPU usage: see RTX 3090",
    ],
)
def test_notes_that_are_not_clear_say_nothing(tmp_path, notes):
    assert told(tmp_path, {"README.md": notes, "a.csv": RUN}) == {"a.csv": (None, None, {})}


def test_a_path_that_names_another_card_makes_notes_unclear(tmp_path):
    files = {"README.md": "GPU: RTX 3090\n", "h100/a.csv": RUN, "b.csv": RUN.replace("41", "42")}
    assert told(tmp_path, files) == {"h100/a.csv": ("h100", None, {"gpu": "path"}), "b.csv": (None, None, {})}


def test_what_a_file_says_itself_counts(tmp_path):
    files = {"README.md": "GPU: RTX 3090\nEngine: vLLM\n", "a.csv": "model,gpu,tok_s\nlynx-7b,A100,41.5\n"}
    assert told(tmp_path, files) == {"a.csv": ("A100", "vllm", {"backend": "README.md"})}


def test_other_pages_are_no_notes(tmp_path):
    assert told(tmp_path, {"findings.md": "GPU: RTX 3090\n", "a.csv": RUN}) == {"a.csv": (None, None, {})}
