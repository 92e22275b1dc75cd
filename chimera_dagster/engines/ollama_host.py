"""Where Ollama listens: OLLAMA_HOST, read by the rules of Ollama's envconfig package."""

import ipaddress
import re

from chimera_dagster.errors import SettingError

_DEFAULT_PORTS = {"http": 80, "https": 443}
# A server that listens everywhere is reached at the loopback address.
_LISTEN_ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


def server_url(value: str | None) -> str:
    """`scheme://host:port[/path]` for a value of OLLAMA_HOST; http://127.0.0.1:11434 if it is unset or empty.

    Raises SettingError if the value is not an address. Ollama itself replaces a bad port by its default; here that
    would measure a server that nobody asked for.
    """
    text = (value or "").strip().strip("\"'").strip()
    if re.search("[@?#]", text):
        # not shown: it may be a password
        raise _setting("OLLAMA_HOST must not have a user, a password, a query or a fragment.")
    scheme, found, rest = text.partition("://")
    scheme, rest = (scheme.lower(), rest) if found else ("http", text)
    if scheme not in _DEFAULT_PORTS:
        raise _malformed(value, f"the scheme must be http or https, not {scheme}")
    hostport, _, path = rest.partition("/")
    host, port = _split(hostport)
    host = _LISTEN_ANYWHERE.get(host, host)
    if not _is_host(host):
        raise _malformed(value, f"{host!r} is neither a host name nor an address")
    if port is None:
        number = _DEFAULT_PORTS[scheme] if found else 11434
    elif port.isascii() and port.isdigit() and 0 < int(port) <= 65535:
        number = int(port)
    else:
        raise _malformed(value, f"the port must be a number from 1 to 65535, not {port!r}")
    path = path.strip("/")
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{number}{f'/{path}' if path else ''}"


def _split(hostport: str) -> tuple[str, str | None]:
    """Host without brackets, and the port after the colon; `::1` has no port, `[::1]:1` and `:1` have one."""
    if _is_ipv6(hostport.strip("[]")):
        return hostport.strip("[]"), None
    host, colon, port = hostport.rpartition(":")
    if not colon:
        return hostport, None
    return (host[1:-1] if host.startswith("[") and host.endswith("]") else host), port


def _is_host(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9._-]+", text) is not None or _is_ipv6(text)


def _is_ipv6(text: str) -> bool:
    try:
        return isinstance(ipaddress.ip_address(text), ipaddress.IPv6Address)
    except ValueError:
        return False


def _malformed(value: str | None, why: str) -> SettingError:
    return _setting(f"OLLAMA_HOST={value!r}: {why}.")


def _setting(message: str) -> SettingError:
    return SettingError(message, hint="Write it as http://127.0.0.1:11434.")
