"""Secrets in text: the one place that removes them, before a text is printed, stored or given to Dagster.

Secrets are the values of environment variables with a secret's name, such as OPENAI_API_KEY, and the user, the
password, the query and the fragment of an address. A password of a variable's address is found wherever a server or a
library repeats it.
"""

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

MASK = "***"
_MAYBE_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
# Not GIT_AUTHOR_NAME or PIP_KEYRING_PROVIDER: their values may be words of any message.
_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSW(OR)?D|PASSPHRASE|CREDENTIALS?|AUTH)(_|$)", re.IGNORECASE)
_SETTING = re.compile(r"(?i)\b(?:passw(?:or)?d|pwd|api_?key|key|token|secret)=([^\s&;,'\"]+)")  # ?key=..., password=...
_ADDRESSES = frozenset({"OLLAMA_HOST", "CHIMERA_OLLAMA_ENDPOINTS"})  # may be written without a scheme
_USER = re.compile(r"(?<=://)[^/\s]*@")
_REST = re.compile(r"(?<=://)[^\s\"<>]*+")  # of an address; also of those that follow it without a blank
_QUERY = re.compile(r"[?#]")
_PARAMETER = re.compile(r"(?<=[?&#;])([\w.%-]++=)([^\s&;#\"<>]++)")  # also of an address without a scheme
_SECRET_PARAMETER = re.compile(r"KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|SIG", re.IGNORECASE)
_AFTER = "'\")]},.;:"  # what may stand right behind an address
# The value of a variable: a password may contain any character, and a scheme may be missing.
_ADDRESS_USER = re.compile(r"((?:\w+://)?)[^\s,]*@")
_ADDRESS_PART = re.compile(r"(?<=//)[^\s,]*@|[^/@\s:,]*:(?!//)[^\s,]*@|[?#][^\s,]*")
# Shorter ones are words of messages too. Passwords of addresses are rarely words, and keys of local servers often are.
_SHORTEST_PASSWORD, _SHORTEST_KEY = 4, 8
_NO_KEYS = frozenset({"lm-studio", "not-needed", "no-key-required", "sk-no-key-required", "placeholder"})


def is_secret_name(name: str) -> bool:
    """Whether a variable of that name may hold a secret."""
    return _MAYBE_SECRET.search(name) is not None


def masked(text: str, *secrets: str, environ: Mapping[str, str] = os.environ) -> str:
    """`text` with every secret replaced by `***`: `secrets`, those of `environ`, and those of addresses in the text.

    A secret is also found as JSON, `repr`, a URL or HTTP's basic authentication write it.
    """
    found = {form for secret in (*filter(None, secrets), *_secrets(environ)) for form in _forms(secret)}
    for form in sorted(found, key=len, reverse=True):
        text = text.replace(form, MASK)
    text = _REST.sub(_without_query, _USER.sub(f"{MASK}@", text))
    return _PARAMETER.sub(_without_secret, text)


def _without_query(rest: re.Match[str]) -> str:
    query = _QUERY.search(rest[0])
    return rest[0] if query is None else rest[0][: query.end()] + _masked_end(rest[0][query.end() :])


def _without_secret(parameter: re.Match[str]) -> str:
    name, value = parameter.groups()
    return name + _masked_end(value) if _SECRET_PARAMETER.search(name) else parameter[0]


def _masked_end(text: str) -> str:
    return MASK + text[len(text.rstrip(_AFTER)) :]


def masked_variable(name: str, value: str) -> str:
    """The value of a variable that may be an address, or several, without user, password, query and fragment."""
    if name in _ADDRESSES:
        value = _ADDRESS_USER.sub(rf"\1{MASK}", value)
    return _ADDRESS_PART.sub(MASK, value)


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if _SECRET.search(name):
            if len(value) >= _SHORTEST_KEY and value not in _NO_KEYS and not _is_path(value):
                yield value
            continue
        yield from (found for found in _SETTING.findall(value) if len(found) >= _SHORTEST_KEY)
        if "@" in value and ("://" in value or name in _ADDRESSES):
            for address in {value, *re.split(r"[,\s]+", value)}:
                yield from _user_and_password(address)


def _user_and_password(address: str) -> Iterator[str]:
    """`user:password` and the password of an address; the user alone if it stands for a key."""
    before = address.rpartition("@")[0]
    user_info = before.partition("://")[2] or before
    _, colon, password = user_info.partition(":")
    if colon and len(password) >= _SHORTEST_PASSWORD:
        yield user_info
        yield password
    elif not colon and "/" not in user_info and len(user_info) >= _SHORTEST_KEY:
        yield user_info


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and as it is written in JSON, in Python, in a URL and in an Authorization header."""
    plain = unquote(secret)
    for form in {secret, plain}:
        yield form
        yield json.dumps(form)[1:-1]
        yield json.dumps(form, ensure_ascii=False)[1:-1]
        yield repr(form)[1:-1]
        yield quote(form)
        yield quote(form, safe="")
    yield base64.b64encode(plain.encode(errors="surrogateescape")).decode().rstrip("=")


def _is_path(value: str) -> bool:
    """Whether it names a file, such as that of a key or of an agent's socket."""
    try:
        return Path(value).is_absolute() and Path(value).exists()
    except OSError:  # far too long for a name
        return False
