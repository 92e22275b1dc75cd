"""Where an OpenAI-compatible server is: OPENAI_BASE_URL and OPENAI_API_KEY, as the openai package reads them."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chimera_dagster.errors import SettingError
from chimera_dagster.text.masking import masked, masked_variable


@dataclass(frozen=True)
class Address:
    """`url` has no trailing slash and usually ends in /v1; `key` is "" if there is none, and is never shown."""

    url: str
    key: str = field(default="", repr=False)

    @property
    def root(self) -> str:
        """Base URL for endpoints outside OpenAI's API, such as the server's version."""
        return self.url.removesuffix("/v1")

    def without_key(self, message: str) -> str:
        """A message of a server, which may repeat the key that it refuses."""
        return masked(message, self.key)


def address(base_url: str | None, key: str | None) -> Address:
    """Raises SettingError if the URL is not set, or if a value is malformed; no message contains the key."""
    text, key = (base_url or "").strip(), (key or "").strip()
    if not text:
        # The openai package would now send the data to OpenAI, which nobody asked for.
        raise _setting("OPENAI_BASE_URL is not set.")
    if "@" in text:  # not shown: it may be a password
        raise _setting("OPENAI_BASE_URL contains a user name; a key belongs in OPENAI_API_KEY.")
    shown = masked_variable("OPENAI_BASE_URL", text)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise _setting(f"OPENAI_BASE_URL is not an address: {error}.") from error
    if parts.scheme not in {"http", "https"}:
        raise _setting(f"OPENAI_BASE_URL={shown!r}: it must begin with http:// or https://.")
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%\w+)?", host):
        raise _setting(f"OPENAI_BASE_URL={shown!r}: {host!r} is neither a host name nor an address.")
    if parts.query or parts.fragment or re.search(r"\s", text):
        raise _setting(f"OPENAI_BASE_URL={shown!r}: it must not have a query, a fragment or spaces.")
    if not re.fullmatch(r"[\x21-\x7e]*", key):
        raise SettingError("OPENAI_API_KEY contains a character that keys do not have.", hint="Set it again.")
    return Address(text.rstrip("/"), key)


def _setting(message: str) -> SettingError:
    return SettingError(message, hint="Write it as http://127.0.0.1:8080/v1.")
