"""Waits for a model server that restarts or is busy, and says so. No measured time includes a wait."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential

from chimera_dagster.errors import EngineBusyError, EngineUnreachableError, WrongServerError

T = TypeVar("T")
OnNotice = Callable[[str], None]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 2.0


@dataclass
class Outage:
    """Whether a full wait for a server has been in vain, which its next request need not repeat."""

    in_vain: bool = False


@dataclass(frozen=True)
class Patience:
    """Asks a server again that does not answer or is busy, until it has waited `wait_s` in a row.

    `on_notice` is told once when a wait begins, and once when the server answers again. After a wait in vain the
    requests that share the `outage` fail at once, until one is answered: a sweep whose server is gone for good must not
    wait for each of its trials.
    """

    wait_s: float
    on_notice: OnNotice = lambda line: None
    outage: Outage = field(default_factory=Outage)

    def ask(self, request: Callable[[], T]) -> T:
        """What `request` returns. Raises what it raises, once waiting is over or would not help."""
        retrying = Retrying(
            retry=retry_if_exception(_may_answer_later),
            wait=wait_exponential(multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S),
            stop=self._is_over,
            before_sleep=self._notify,
            sleep=_sleep,
            reraise=True,
        )
        answer = retrying(request)
        if self.outage.in_vain or retrying.statistics["attempt_number"] > 1:
            self.on_notice("The server answers again.")
        self.outage.in_vain = False
        return answer

    def _is_over(self, state: RetryCallState) -> bool:
        waited = max(state.idle_for, state.seconds_since_start or 0.0)
        if not self.outage.in_vain and waited < self.wait_s:
            return False
        self.outage.in_vain = True
        return True

    def _notify(self, state: RetryCallState) -> None:
        if state.attempt_number == 1 and state.outcome is not None:
            self.on_notice(f"{state.outcome.exception()} Waiting up to {self.wait_s:g} s for it.")


def _may_answer_later(error: BaseException) -> bool:
    may = isinstance(error, EngineUnreachableError | EngineBusyError)
    return may and not isinstance(error, WrongServerError)


def _sleep(seconds: float) -> None:
    """A seam for tests."""
    time.sleep(seconds)
