"""Whether another client used a model of an Ollama server during a call.

Ollama counts no requests, but it keeps a model loaded for as long as the newest request asked, from the end of the last
one. So calls ask for a time that other clients hardly ever ask for. If another time is left after a call, then another
request for the model began after this one, or has not ended yet. A request that began before a call and ended during it
is not noticed.
"""

import os
import platform
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from zlib import crc32

_AT_LEAST_S = 600  # longer than the time between the calls of a trial
_VARIETY = 300
# The server tells the time in whole seconds, and its answer takes a moment.
_SLACK_S = 3.0
# Ollama notes the end of a request a moment after its last line.
_LOOKS_S = (0.0, 0.05, 0.1, 0.2)


def own_keep_alive() -> int:
    """Seconds for which all calls of this user on this host ask: trials that run at the same time are not strangers."""
    return _AT_LEAST_S + crc32(f"{os.getuid()}@{platform.node()}".encode()) % _VARIETY


def seconds_left(expires_at: datetime | None, date_header: str | None) -> float | None:
    """How long a model stays loaded, by the server's clock; None if the answer does not say it."""
    if expires_at is None or expires_at.tzinfo is None or date_header is None:
        return None
    try:
        now = parsedate_to_datetime(date_header)
    except ValueError:
        return None
    return (expires_at - now.replace(tzinfo=now.tzinfo or UTC)).total_seconds()


class KeepAlive:
    """What calls ask for, and whether the server grants it."""

    def __init__(self) -> None:
        self.seconds = own_keep_alive()
        self._granted = False

    def use_by_others(self, left: Callable[[], float | None], looks: Sequence[float] = _LOOKS_S) -> str | None:
        """What shows, right after a call, that another client used its model; None if nothing does.

        `left` asks the server for the `seconds_left`. Other programs that speak Ollama's API may ignore the time, so a
        server is believed only once it has granted it.
        """
        found: float | None = None
        for pause in looks if self._granted else looks[:1]:
            time.sleep(pause)
            found = left()
            if found is None:
                return None
            if abs(found - self.seconds) <= _SLACK_S:
                self._granted = True
                return None
        if not self._granted:
            return None
        return (
            f"another client used the model: the server keeps it loaded for {found:.0f} s, and this call asked for "
            f"{self.seconds} s"
        )
