"""Recordings of a real Ollama server as answers of the stub: its bytes, its chunks, its pauses.

    replay(stub, "24-sigkill-midstream", pace=1.0)

`pace` multiplies the recorded times; at 0 everything comes at once. data/README.md says how they were recorded.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.stub_ollama import Answer, StubOllama

RECORDINGS = Path(__file__).parent / "data" / "ollama.jsonl"


@cache
def exchanges() -> dict[str, dict[str, Any]]:
    """The recordings by name."""
    rows = [json.loads(line) for line in RECORDINGS.read_text(encoding="utf-8").splitlines()]
    return {row["name"]: row for row in rows}


def recorded(name: str, pace: float = 0.0) -> Answer:
    """What the server answered. Where the recorder went away first, the stub stalls until its client goes too."""
    row = exchanges()[name]
    lines: list[str] = row["lines"]
    ended, _, after = row["ended"].partition(" after ")
    if row["arrival_s"] is None:
        return Answer(
            status=row["status"],
            body="\n".join(lines),
            content_type=row["content_type"],
            seconds_before=pace * float(after.removesuffix("s")),
        )
    return Answer(
        lines,
        status=row["status"],
        content_type=row["content_type"],
        arrivals=[pace * at for at in row["arrival_s"]],
        cut_before=len(lines) if ended == "eof" else None,
        stall_before=len(lines) if ended == "closed by client" else None,
    )


def replay(stub: StubOllama, *names: str, pace: float = 0.0) -> None:
    """Let the stub answer the paths of these exchanges as the server did, one exchange a path."""
    for name in names:
        stub.fixed[exchanges()[name]["path"]] = recorded(name, pace)
