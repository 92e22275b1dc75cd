"""How long a server that does not answer is waited for, and what a user is told meanwhile."""

from collections.abc import Callable

import pytest

from chimera_dagster.engines.patience import Outage, Patience
from chimera_dagster.errors import (
    EngineBusyError,
    EngineError,
    EngineUnreachableError,
    ModelNotFoundError,
    NothingListensError,
    RequestRefusedError,
    WrongServerError,
)

DOWN = NothingListensError("Nothing answers at http://gpu-box (connection refused).", hint="Start Ollama.")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds slept between requests, which are not slept here."""
    found: list[float] = []
    monkeypatch.setattr("chimera_dagster.engines.patience._sleep", found.append)
    return found


def failing(*errors: Exception) -> Callable[[], str]:
    """A request that is answered once it has raised each of these."""
    left = list(errors)

    def ask() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return ask


@pytest.mark.parametrize("error", [DOWN, EngineUnreachableError("no answer in time"), EngineBusyError("HTTP 503")])
def test_a_server_that_restarts_is_waited_for_and_a_user_is_told(slept: list[float], error: Exception) -> None:
    told: list[str] = []
    assert Patience(60.0, told.append).ask(failing(*[error] * 6)) == "answer"
    assert len(slept) == 6
    assert sum(slept) > 3.5  # Ollama's own unit waits 3 s before it starts the server again
    assert told == [f"{error} Waiting up to 60 s for it.", "The server answers again."]


def test_nothing_is_said_of_a_server_that_answers(slept: list[float]) -> None:
    told: list[str] = []
    assert Patience(60.0, told.append).ask(failing()) == "answer"
    assert (slept, told) == ([], [])


@pytest.mark.parametrize(
    "error", [WrongServerError("a page"), ModelNotFoundError("x"), RequestRefusedError("HTTP 400"), KeyError("a bug")]
)
def test_what_waiting_does_not_mend_is_raised_at_once(slept: list[float], error: Exception) -> None:
    with pytest.raises(type(error)):
        Patience(60.0).ask(failing(error))
    assert slept == []


def test_a_wait_of_0_is_none(slept: list[float]) -> None:
    with pytest.raises(NothingListensError):
        Patience(0.0).ask(failing(DOWN))
    assert slept == []


def test_a_server_that_is_gone_for_good_is_waited_for_once(slept: list[float]) -> None:
    outage = Outage()

    def ask(*errors: EngineError) -> str:
        return Patience(10.0, outage=outage).ask(failing(*errors))

    with pytest.raises(NothingListensError):
        ask(*[DOWN] * 99)
    assert 10.0 <= sum(slept) <= 12.0
    slept.clear()
    with pytest.raises(NothingListensError):  # the next trial
        ask(*[DOWN] * 99)
    assert slept == []
    assert ask() == "answer"  # somebody has started it
    assert ask(DOWN) == "answer"
    assert len(slept) == 1
