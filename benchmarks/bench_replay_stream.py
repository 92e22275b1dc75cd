"""How late an engine's chunk times are when a server streams 5,000 lines a second, against a bare socket.

    python -m benchmarks.bench_replay_stream

A server process writes NDJSON lines as Ollama would, each with the time of its sending (perf_counter is the same clock
in both processes on Linux). Lateness is the time of a chunk minus the time of its sending. The baseline reads the same
stream with `recv` alone, in turns with the engine: what it is late by is the machine's, not the engine's. The CPU time
of a line says how far the engine is from falling behind: at 200 us it takes a whole core.
"""

import json
import multiprocessing
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from statistics import median, quantiles
from typing import NamedTuple
from urllib.parse import urlsplit

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.ollama import OllamaEngine
from chimera_dagster.spec.timeouts import Timeouts

LINES_A_SECOND, SECONDS, ROUNDS = 5_000, 4.0, 5
_COUNT = int(LINES_A_SECOND * SECONDS)
_HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
_DONE = b'{"model":"m","response":"","done":true,"done_reason":"stop","eval_count":%d}\n' % _COUNT


class Lateness(NamedTuple):
    """Milliseconds, the share of the lines that were at most one late, and microseconds of CPU time a line."""

    median_ms: float
    p99_ms: float
    max_ms: float
    within_1_ms: float
    cpu_us: float


def serve(port: Connection) -> None:
    """Answer every generation with the timed stream, and anything else with 404."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port.send(server.getsockname()[1])
        while True:
            client = server.accept()[0]
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with client, suppress(ConnectionError):
                _answer(client)


def _answer(client: socket.socket) -> None:
    while head := client.recv(65536):
        if b"/api/generate" not in head:
            client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            continue
        client.sendall(_HEADERS)
        started = time.perf_counter()
        for index in range(_COUNT):
            wait = started + index / LINES_A_SECOND - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            text = f"{time.perf_counter():.7f}"
            line = json.dumps({"model": "m", "created_at": "2026-11-23T08:15:02Z", "response": text, "done": False})
            client.sendall(b"%x\r\n%s\n\r\n" % (len(line) + 1, line.encode()))
        client.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(_DONE), _DONE))


def through_engine(url: str) -> list[float]:
    """Milliseconds that each chunk's time is late by."""
    request = Request("m", "Hi", timeouts=Timeouts(total_s=10 * SECONDS))
    return [(chunk.at - float(chunk.text)) * 1e3 for chunk in OllamaEngine(url).stream(request)]


def through_socket(url: str) -> list[float]:
    """The same for lines as `recv` hands them over, nothing parsed until the stream has ended."""
    address = urlsplit(url)
    pieces: list[tuple[float, bytes]] = []
    with socket.create_connection((address.hostname, address.port)) as server:
        server.sendall(b"POST /api/generate HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        while not pieces or not pieces[-1][1].endswith(b"0\r\n\r\n"):
            piece = server.recv(65536)
            pieces.append((time.perf_counter(), piece))
    late: list[float] = []
    rest = b""
    for at, piece in pieces:
        *lines, rest = (rest + piece).split(b"\n\r\n")
        late += [
            (at - float(found[1])) * 1e3 for line in lines if (found := re.search(rb'"response": "([\d.]+)"', line))
        ]
    return late


def summary(read: Callable[[str], list[float]], url: str) -> Lateness:
    before = time.process_time()
    late = read(url)
    cpu_us = (time.process_time() - before) / _COUNT * 1e6
    assert len(late) == _COUNT, f"{len(late)} of {_COUNT} lines arrived"
    share = sum(value <= 1 for value in late) / len(late)
    return Lateness(median(late), quantiles(late, n=100)[98], max(late), share, cpu_us)


def main() -> None:
    here, there = multiprocessing.get_context("spawn").Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}"
    rounds = [(summary(through_engine, url), summary(through_socket, url)) for _ in range(ROUNDS)]
    server.kill()
    for name, side in zip(("engine", "socket"), zip(*rounds, strict=True), strict=True):
        middle = Lateness(*(median(values) for values in zip(*side, strict=True)))
        print(
            f"{name}: {middle.median_ms:.3f} ms late (median), p99 {middle.p99_ms:.3f}, max {middle.max_ms:.1f}, "
            f"{middle.within_1_ms:.2%} within 1 ms, {middle.cpu_us:.0f} us of CPU a line "
            f"(medians of {ROUNDS} rounds of {_COUNT} lines)"
        )


if __name__ == "__main__":
    main()
