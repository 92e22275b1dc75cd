"""Which lanes a sweep can use."""

import pytest

from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.servers import with_a_server
from chimera_dagster.spec.engine_names import EngineChoice
from tests.stub_ollama import StubOllama

NOWHERE = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("engine", "lanes"),
    [("ollama", ["b"]), ("auto", ["b"]), ("openai", ["a"]), ("embedded", ["a", "b"])],
)
def test_lanes_with_a_server_are_used(engine: EngineChoice, lanes: list[str]) -> None:
    with StubOllama() as stub:
        found = [Lane("a", "0", NOWHERE), Lane("b", "1", stub.url)]
        assert [lane.name for lane in with_a_server(found, engine)] == lanes


def test_where_no_server_answers_one_lane_is_left_to_say_so() -> None:
    found = [Lane("a", "0", NOWHERE), Lane("b", "1", NOWHERE)]
    assert with_a_server(found, "ollama") == found[:1]
    assert with_a_server([Lane("cpu.0", None, None)], "auto") == [Lane("cpu.0", None, None)]
