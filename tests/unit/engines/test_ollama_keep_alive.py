"""Another client of an Ollama server is noticed by how long the server then keeps the model loaded."""

import threading
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.ollama import OllamaEngine
from chimera_dagster.engines.ollama_keep_alive import KeepAlive, own_keep_alive, seconds_left
from chimera_dagster.spec.trial import ParamSet
from tests.contract.engine_contract import read_all
from tests.stub_ollama import StubOllama

MODEL = "gemma3:270m"
NOON = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def stub() -> Generator[StubOllama]:
    with StubOllama() as stub:
        yield stub


@pytest.fixture
def engine(stub: StubOllama) -> Generator[OllamaEngine]:
    engine = OllamaEngine(stub.url)
    yield engine
    engine.close()


def use(engine: OllamaEngine, meanwhile: Callable[[], object] = lambda: None) -> str | None:
    """What the statistics of a call say of other clients; `meanwhile` is called after its first chunk."""
    stream = engine.stream(Request(MODEL, "Say hello.", params=ParamSet(num_ctx=512), max_tokens=20))
    next(stream)
    meanwhile()
    return read_all(stream)[1].use_by_others


def known(engine: OllamaEngine) -> None:
    """Two calls: the server may note the end of the first one after it was asked."""
    assert [use(engine), use(engine)] == [None, None]


def stranger(stub: StubOllama, **body: object) -> None:
    asked = {"model": MODEL, "prompt": "Hi", "options": {"num_ctx": 512, "num_predict": 1}} | body
    httpx.post(f"{stub.url}/api/generate", json=asked, trust_env=False, timeout=30).raise_for_status()


def test_nobody_else(engine: OllamaEngine) -> None:
    assert [use(engine) for _ in range(3)] == [None] * 3


@pytest.mark.parametrize("body", [{}, {"keep_alive": "60m"}, {"keep_alive": 30}])
def test_a_call_that_began_during_ours(engine: OllamaEngine, stub: StubOllama, body: dict[str, object]) -> None:
    known(engine)
    stub.seconds_between = 0.03
    found = use(engine, lambda: stranger(stub, **body))
    assert found is not None and f"this call asked for {own_keep_alive()} s" in found
    stub.seconds_between = 0.001
    assert use(engine) is None  # it has gone


def test_a_call_that_has_not_ended_when_ours_does(engine: OllamaEngine, stub: StubOllama) -> None:
    known(engine)
    stub.expires[MODEL] -= timedelta(seconds=30)  # the calls before were long ago
    stub.seconds_between = 0.1
    other = threading.Thread(target=stranger, args=(stub,), kwargs={"options": {"num_predict": 40, "num_ctx": 512}})
    other.start()
    while not stub.running[MODEL]:
        pass
    stub.seconds_between = 0.001
    assert use(engine) is not None
    other.join()


def test_trials_of_this_user_that_run_at_the_same_time_are_no_strangers(stub: StubOllama, engine: OllamaEngine) -> None:
    second = OllamaEngine(stub.url)
    known(engine)
    stub.seconds_between = 0.03
    assert use(engine, lambda: read_all(second.stream(Request(MODEL, "Hi", max_tokens=1)))) is None
    second.close()


def test_a_server_that_ignores_the_time_is_not_believed() -> None:
    keep_alive = KeepAlive()
    assert [keep_alive.use_by_others(lambda: 300.0) for _ in range(3)] == [None] * 3


def test_a_server_that_notes_the_end_of_a_call_late_is_asked_again() -> None:
    keep_alive = KeepAlive()
    own = float(keep_alive.seconds)
    answers = iter([own, own - 20, own - 20, own - 1])
    assert keep_alive.use_by_others(lambda: next(answers)) is None
    assert keep_alive.use_by_others(lambda: next(answers), looks=(0, 0, 0, 0)) is None
    assert keep_alive.use_by_others(lambda: 300.0, looks=(0, 0)) is not None
    assert keep_alive.use_by_others(lambda: None) is None


@pytest.mark.parametrize(
    ("expires_at", "date", "left"),
    [
        (NOON, "Sat, 28 Nov 2026 11:50:00 GMT", 600.0),
        (NOON.astimezone(timezone(timedelta(hours=2))), "Sat, 28 Nov 2026 12:00:01 GMT", -1.0),
        (NOON, None, None),
        (NOON, "yesterday", None),
        (None, "Sat, 28 Nov 2026 11:50:00 GMT", None),
        (NOON.replace(tzinfo=None), "Sat, 28 Nov 2026 11:50:00 GMT", None),
    ],
)
def test_seconds_left(expires_at: datetime | None, date: str | None, left: float | None) -> None:
    assert seconds_left(expires_at, date) == left
