"""The tool is a condition of every record that the reader of its format adds."""

import json
from pathlib import Path

import pytest

from chimera_dagster.ingest.folder import read_in_memory

FORMATS = Path(__file__).parents[3] / "data" / "formats"
OF_ENGINES = {
    "llama_cpp": set(),
    "vllm_log": set(),
    "sglang_log": set(),
    "ollama": {"Ollama's bench command"},
    "two_agents": set(),
}
REPORTS = {"report of vLLM's or SGLang's serving benchmark"}  # its tool is told by its lines


@pytest.mark.parametrize("folder", sorted(path.name for path in FORMATS.iterdir() if path.is_dir()))
def test_the_tool_is_a_condition(folder):
    tables = read_in_memory(FORMATS / folder)
    formats = dict(zip(tables.files["path"], tables.files["format"], strict=True))
    tools = {
        (formats[file], json.loads(conditions).get("tool"))
        for file, conditions in zip(tables.measurements["file"], tables.measurements["conditions"], strict=True)
    }
    assert tools
    for name, tool in tools:
        if name in REPORTS:
            assert tool in ("vLLM bench serve", "SGLang bench_serving")
        elif tool is None:
            assert folder in OF_ENGINES or not isinstance(name, str)
        else:
            assert tool == name
            assert tool in OF_ENGINES.get(folder, {tool})
