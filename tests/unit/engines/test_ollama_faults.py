"""Every fault of a server: the class and the words of its error, the connection freed, and the next call well."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from chimera_dagster import errors
from chimera_dagster.engines.base import EngineStats, Request
from chimera_dagster.engines.ollama import OllamaEngine
from chimera_dagster.spec.timeouts import Timeouts
from tests.contract.engine_contract import read_all, text_of
from tests.faults import FAULTS
from tests.stub_ollama import BUSY, FINAL, PIECES, Answer, StubOllama

REQUEST = Request("smollm2:135m", "Say hello.", max_tokens=8)
LIMITS = {"slow first token": Timeouts(first_token_s=0.1), "stall": Timeouts(between_tokens_s=0.1)}


@pytest.fixture
def stub() -> Generator[StubOllama]:
    with StubOllama() as server:
        yield server


@pytest.fixture
def engine(stub: StubOllama) -> OllamaEngine:
    return OllamaEngine(stub.url)


@pytest.mark.parametrize("api", ["generate", "chat"])
@pytest.mark.parametrize("name", FAULTS)
def test_fault(engine: OllamaEngine, stub: StubOllama, name: str, api: Any) -> None:
    answer, kind, words = FAULTS[name]
    request = replace(REQUEST, api=api, timeouts=LIMITS.get(name, REQUEST.timeouts))
    stub.answer_with(answer, times=1)
    with pytest.raises(errors.EngineError) as error:
        read_all(engine.stream(request))
    assert type(error.value) is kind
    assert words in error.value.message
    assert len(error.value.message) < 700
    assert len(stub.generations()) == 1, "the engine tried again"
    assert stub.is_left(), "the connection is still open"
    chunks, stats = read_all(engine.stream(replace(REQUEST, api=api)))
    assert (len(chunks), stats.output_tokens) == (8, 8)


def test_busy_says_what_to_do_and_ends(engine: OllamaEngine, stub: StubOllama) -> None:
    stub.answer_with(BUSY, times=2)
    for _ in range(2):
        with pytest.raises(errors.EngineBusyError) as busy:
            read_all(engine.stream(REQUEST))
        assert "OLLAMA_MAX_QUEUE" in busy.value.hint
    assert text_of(read_all(engine.stream(REQUEST))[0])


@pytest.mark.parametrize(
    "lie",
    [
        {"eval_count": 0},
        {"eval_count": 1000 * len(PIECES)},
        {"total_duration": 0, "load_duration": 0, "prompt_eval_duration": 0, "eval_duration": 0},
        {"total_duration": 10**15, "eval_duration": 10**15},
        {"eval_duration": 2**63 - 1},
    ],
    ids=["no tokens", "1000 tokens a chunk", "no time", "more time than passed", "292 years"],
)
def test_possible_numbers_are_reported_as_given(engine: OllamaEngine, stub: StubOllama, lie: dict[str, int]) -> None:
    """Whether they can be believed is judged elsewhere, with the client's clock beside them."""
    stub.answer_with(Answer([*PIECES, FINAL | lie]))
    chunks, stats = read_all(engine.stream(REQUEST))
    assert len(chunks) == len(PIECES)
    names = {
        "eval_count": "output_tokens",
        "total_duration": "total_ms",
        "load_duration": "load_ms",
        "prompt_eval_duration": "prompt_eval_ms",
        "eval_duration": "eval_ms",
    }
    given: dict[str, Any] = {names[name]: value if name == "eval_count" else value / 1e6 for name, value in lie.items()}
    if lie.get("eval_count"):
        given["eval_tokens"] = lie["eval_count"] - 1  # those that the time covers
    assert stats == EngineStats(done_reason="stop", **given)


@pytest.mark.parametrize("context", [[], [1, 2, 3]], ids=["empty", "shorter than the answer"])
def test_context_that_tells_nothing(engine: OllamaEngine, stub: StubOllama, context: list[int]) -> None:
    stub.answer_with(Answer([*PIECES, FINAL | {"context": context, "eval_count": 9}]))
    assert read_all(engine.stream(REQUEST))[1].sent_tokens is None


def test_line_of_ten_megabytes(engine: OllamaEngine, stub: StubOllama) -> None:
    text = "xyz é " * 1_600_000
    stub.answer_with(Answer([{"response": text, "done": False}, FINAL]))
    assert text_of(read_all(engine.stream(REQUEST))[0]) == text


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029", "\x7f", "\ufeff", "\U0001f600"])
@pytest.mark.parametrize("piece_bytes", [None, 1])
def test_no_character_ends_a_line(
    engine: OllamaEngine, stub: StubOllama, character: str, piece_bytes: int | None
) -> None:
    stub.answer_with(Answer([{"response": f"a{character}b", "done": False}, FINAL], piece_bytes=piece_bytes))
    assert text_of(read_all(engine.stream(REQUEST))[0]) == f"a{character}b"


def test_empty_lines_mean_nothing(engine: OllamaEngine, stub: StubOllama) -> None:
    stub.answer_with(Answer(["", PIECES[0], "\r", " ", FINAL]))
    assert text_of(read_all(engine.stream(REQUEST))[0]) == " The"


def test_server_that_dies_frees_its_engine_for_another(engine: OllamaEngine, stub: StubOllama) -> None:
    stub.answer_with(Answer(PIECES, stall_before=3))
    stream = engine.stream(REQUEST)
    assert next(stream).text
    stub.kill()
    with pytest.raises(errors.StreamBrokenError, match="was interrupted"):
        read_all(stream)
    with pytest.raises(errors.NothingListensError, match="connection refused"):
        read_all(engine.stream(REQUEST))
    with StubOllama() as other:
        assert read_all(OllamaEngine(other.url).stream(REQUEST))[1].output_tokens == 8


def test_faults_of_one_stub_are_not_those_of_another(engine: OllamaEngine, stub: StubOllama) -> None:
    stub.answer_with(BUSY)
    with StubOllama() as other:
        assert other.url != stub.url
        assert read_all(OllamaEngine(other.url).stream(REQUEST))[1].output_tokens == 8
        with pytest.raises(errors.EngineBusyError):
            read_all(engine.stream(REQUEST))
        assert [len(server.generations()) for server in (stub, other)] == [1, 1]
