"""What texts of a record say of its machine."""

import json

import pytest

from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read


@pytest.mark.parametrize(
    ("said", "backend", "gpu", "conditions"),
    [
        ({"hardware": "Apple M4, 16GB RAM, Metal"}, None, "Apple M4", {}),
        ({"hardware": "RTX 4090 and RTX 3090"}, None, None, {}),
        ({"hardware": "RTX 4090", "gpu": "RTX 3090"}, None, "RTX 3090", {}),
        ({"engine": "llama.cpp", "backend": "vulkan"}, "llama.cpp", None, {"device": "vulkan"}),
        ({"backend": "vulkan"}, "vulkan", None, {}),
        ({"backend": "vllm", "engine": "mystery"}, "vllm", None, {}),
    ],
)
def test_hardware_and_interfaces(said, backend, gpu, conditions):
    (row,) = read(read_json, json.dumps({"model": "lynx-7b", "tok_s": 41.5} | said)).rows
    assert (row["backend"], row["gpu"], json.loads(row["conditions"])) == (backend, gpu, conditions)
