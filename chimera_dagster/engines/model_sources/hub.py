"""Downloads a model file from its publisher's repository on Hugging Face.

A download that was broken off is continued from the last byte that came, five times in one call, and by the next call.
"""

import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from chimera_dagster.engines.model_sources.catalogue import CatalogueModel
from chimera_dagster.errors import ModelDownloadError

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_WAIT = wait_exponential(multiplier=1, max=10)
_ATTEMPTS = 5


class _BrokenOffError(Exception):
    """The connection ended early, or the server is busy: trying again may help."""


def hub_address() -> str:
    """HF_ENDPOINT, as Hugging Face's own tools read it, or the public hub."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"


def download(model: CatalogueModel, target: Path, on_bytes: Callable[[int], None]) -> None:
    """Write the model's file to `target`, which may hold its beginning; `on_bytes` is told how much is there.

    The content is not verified here. Raises ModelDownloadError, which leaves in `target` what can be continued, and
    OSError if the disk is full.
    """
    url = f"{hub_address()}/{model.repository}/resolve/main/{model.file}"
    try:
        httpx.URL(url)
    except httpx.InvalidURL:  # it repeats the address, which may have a password
        raise ModelDownloadError("HF_ENDPOINT is not an address") from None
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True, headers={"Accept-Encoding": "identity"}) as client:
        try:
            for attempt in Retrying(
                stop=stop_after_attempt(_ATTEMPTS),
                wait=_WAIT,
                retry=retry_if_exception_type(_BrokenOffError),
                reraise=True,
            ):
                with attempt:
                    _continue(client, url, model, target, on_bytes)
        except _BrokenOffError as error:
            kept = _size(target)
            later = f"; {kept:,} bytes are kept for the next download" if kept else ""
            raise ModelDownloadError(f"{error}{later}") from error


def _continue(
    client: httpx.Client, url: str, model: CatalogueModel, target: Path, on_bytes: Callable[[int], None]
) -> None:
    have = _size(target)
    if have > model.size:
        target.unlink()
        have = 0
    if have == model.size:
        return
    host = httpx.URL(url).host
    try:
        with client.stream("GET", url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
            _check_status(response, target)
            begins = have if response.status_code == HTTPStatus.PARTIAL_CONTENT else 0
            announced = response.headers.get("Content-Length")
            if announced is not None and begins + int(announced) != model.size:
                target.unlink(missing_ok=True)
                size = begins + int(announced)
                raise ModelDownloadError(f"{host} has another file there, of {size:,} bytes instead of {model.size:,}")
            have = _write(response, target, begins, model.size, on_bytes)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
        raise ModelDownloadError(f"{host} can't be reached ({error})") from error
    except httpx.TransportError as error:
        raise _BrokenOffError(f"{host} broke the connection off ({error})") from error
    if have < model.size:
        raise _BrokenOffError(f"{host} ended its answer after {have:,} of {model.size:,} bytes")


def _check_status(response: httpx.Response, target: Path) -> None:
    host, status = response.url.host, response.status_code
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        target.unlink(missing_ok=True)  # what is there is not the beginning of this file
        raise _BrokenOffError(f"{host} can't continue the download")
    if status == HTTPStatus.TOO_MANY_REQUESTS or response.is_server_error:
        raise _BrokenOffError(f"{host} answers with status {status}")
    if not response.is_success:
        raise ModelDownloadError(f"{host} answers with status {status}")


def _write(response: httpx.Response, target: Path, begins: int, limit: int, on_bytes: Callable[[int], None]) -> int:
    """Append the answer to the first `begins` bytes of `target`; how many bytes it then has, at most `limit`."""
    have = begins
    with target.open("ab") as file:
        file.truncate(begins)
        for chunk in response.iter_raw():
            file.write(chunk[: limit - have])
            have = min(limit, have + len(chunk))
            on_bytes(have)
            if have == limit:
                break
    return have


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
