"""Reads files in chunks: a few in this process, many by a pool of processes."""

import os
import tempfile
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

import pyarrow as pa

from chimera_dagster.ingest.discover import FoundFile
from chimera_dagster.ingest.parse import FileRow, parse_files, parse_to_file
from chimera_dagster.ingest.worker import Worker

_CHUNK_FILES, _CHUNK_BYTES = 256, 4 << 20
_POOL_FILES, _POOL_BYTES = 2_000, 16 << 20  # from either on, starting processes pays


def chunks_of(files: Sequence[FoundFile]) -> Iterator[list[FoundFile]]:
    """Files in their order, split into what one worker reads at a time."""
    chunk: list[FoundFile] = []
    size = 0
    for file in files:
        if chunk and (len(chunk) == _CHUNK_FILES or size + file.size > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(file)
        size += file.size
    if chunk:
        yield chunk


def read_chunks(chunks: list[list[FoundFile]]) -> Generator[tuple[list[FileRow], Iterator[pa.Table]]]:
    """Rows and tables of each chunk, in order; a chunk's tables must be taken before the next chunk is."""
    files, size = sum(map(len, chunks)), sum(file.size for chunk in chunks for file in chunk)
    if files < _POOL_FILES and size < _POOL_BYTES:
        for chunk in chunks:
            tables: list[pa.Table] = []
            rows = parse_files(chunk, tables.append)
            yield rows, iter(tables)
        return
    with tempfile.TemporaryDirectory(prefix="chimera-ingest-") as folder, ExitStack() as stack:
        scratch = [str(Path(folder, f"{place}.arrows")) for place in range(len(chunks))]
        for rows, path in zip(_parsed(chunks, scratch, stack), scratch, strict=True):
            yield rows, _tables(path)
            Path(path).unlink()


def _parsed(chunks: list[list[FoundFile]], scratch: list[str], stack: ExitStack) -> Iterator[list[FileRow]]:
    """Read chunks into scratch files, in several processes; the content of a chunk would be too much for a pipe."""
    workers = min(cores(), len(chunks))
    if workers < 2:
        yield from map(parse_to_file, chunks, scratch)
        return
    free: SimpleQueue[Worker] = SimpleQueue()
    for _ in range(workers):
        free.put(stack.enter_context(Worker()))

    def parse(chunk: list[FoundFile], path: str) -> list[FileRow]:
        worker = free.get()
        try:
            return worker.parse(chunk, path)
        finally:
            free.put(worker)

    pool = ThreadPoolExecutor(workers)
    stack.callback(pool.shutdown, cancel_futures=True)
    jobs = zip(chunks, scratch, strict=True)
    ahead = deque(pool.submit(parse, *job) for job in islice(jobs, 2 * workers))
    while ahead:
        yield ahead.popleft().result()
        ahead.extend(pool.submit(parse, *job) for job in islice(jobs, 1))


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tables(path: str) -> Iterator[pa.Table]:
    # not memory_map: pages of a large file would count as memory of this process
    with pa.OSFile(path) as source, pa.ipc.open_stream(source) as stream:
        for batch in stream:
            yield pa.Table.from_batches([batch])
