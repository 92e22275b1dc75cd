"""Objects as Python prints them."""

import json

import pytest

from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.ingest.python_text import json_of_python


def test_objects_are_json_then():
    assert json.loads(json_of_python("{'a': 1.5, 'done': True, 'why': None}\n")) == {
        "a": 1.5,
        "done": True,
        "why": None,
    }
    assert json.loads(json_of_python("[{'a': (1, 2)}]")) == [{"a": [1, 2]}]
    assert json.loads(json_of_python("{'a': 1}\n{'a': 2}\n")) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    "text",
    [
        "{'a': open('x')}",
        "{'a': 1",
        "{'a'}",
        "{'a': {1, 2}}",
        '{"a": 1}',
        "a,b\n1,2\n",
        "",
        "{'a': " + "[" * 100_000,
        "{'a': 1}\nand text\n",
    ],
)
def test_other_texts_are_none(text):
    assert json_of_python(text) is None


def test_a_file_of_any_ending_may_hold_one(tmp_path):
    (tmp_path / "lynx-7b.csv").write_text("{'ttft_ms': 12.0, 'gpu_util_max': 97}")
    rows = read_in_memory(tmp_path).measurements
    assert [*zip(rows["metric"], rows["aggregate"].fillna(""), rows["value"], strict=True)] == [
        ("ttft_ms", "", 12),
        ("gpu_util_pct", "max", 97),
    ]
