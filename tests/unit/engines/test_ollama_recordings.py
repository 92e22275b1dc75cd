"""Every recorded generation of a real server, served again: each ends as a result or as the right error."""

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from chimera_dagster import errors
from chimera_dagster.engines.base import Request
from chimera_dagster.engines.ollama import OllamaEngine
from tests.contract.engine_contract import read_all, text_of
from tests.stub_ollama import Answer, StubOllama

RECORDINGS = Path(__file__).resolve().parents[4] / "shared" / "ollama-recordings" / "exchanges.jsonl"
pytestmark = pytest.mark.skipif(not RECORDINGS.is_file(), reason="the recordings are not beside this checkout")

# name: the error and words of the server that it must carry. Every other generation succeeded.
REFUSED: dict[str, tuple[type[errors.EngineError], str]] = {
    "10-unknown-model": (errors.ModelNotFoundError, "ollama pull nope:1b"),
    "10-unknown-tag": (errors.ModelNotFoundError, "ollama pull smollm2:latest"),
    "10-invalid-model-name": (errors.RequestRefusedError, "invalid model name"),
    "10-empty-body": (errors.RequestRefusedError, "missing request body"),
    "10-bad-json": (errors.RequestRefusedError, "unexpected EOF"),
    "10-opt-num_ctx=abc": (errors.RequestRefusedError, 'option "num_ctx" must be of type integer'),
    "10-opt-temperature=hot": (errors.RequestRefusedError, 'option "temperature" must be of type float32'),
    "10-opt-repeat_penalty=0": (errors.RequestRefusedError, "penalty_repeat must be finite and greater than 0."),
    "10-keepalive-bad": (errors.RequestRefusedError, "invalid duration"),
    "10-think": (errors.RequestRefusedError, "does not support thinking"),
    "11-ctx512-long-truncate-false": (errors.ContextTooSmallError, "(1210 tokens) exceeds"),
    "11-ctx512-long-shift-false": (errors.ContextTooSmallError, "longer than the context length"),
    "24-sigkill-midstream": (errors.StreamBrokenError, "was cut"),
    "25-runner-killed": (errors.StreamBrokenError, "running the model: unexpected EOF"),
    "50-repeat-token-chat": (errors.StreamBrokenError, "without its final message"),
    "53-truncated-gguf": (errors.RequestRefusedError, "exceeds file size (50000000)"),
    "53-missing-blob": (errors.ModelNotFoundError, "ollama pull smollm2:135m"),
}


@cache
def exchanges() -> dict[str, dict[str, Any]]:
    if not RECORDINGS.is_file():
        return {}
    rows = [json.loads(line) for line in RECORDINGS.read_text(encoding="utf-8").splitlines()]
    return {row["name"]: row for row in rows}


def generations() -> list[str]:
    """Names of the generations; one that the client left on its own has no outcome."""
    return [
        name
        for name, row in exchanges().items()
        if row["path"] in {"/api/generate", "/api/chat"} and not row["ended"].startswith("closed by client")
    ]


def answer_of(row: dict[str, Any]) -> Answer:
    if row["status"] != 200:
        return Answer(status=row["status"], body=json.loads(row["lines"][0]))
    lines = [json.loads(line) for line in row["lines"]]
    for line in lines:
        if "message" in line:  # /api/chat names it otherwise
            line["response"] = line.pop("message")["content"]
    cut = len(lines) if row["ended"].startswith("eof") else None
    return Answer(lines, cut_before=cut, seconds_between=0)


@pytest.mark.parametrize("name", generations())
def test_generation(name: str) -> None:
    row = exchanges()[name]
    model = row["request"]["model"] if isinstance(row["request"], dict) else "smollm2:135m"
    refused = REFUSED.get(name) or ((errors.RequestRefusedError, "server busy") if row["status"] == 503 else None)
    with StubOllama() as stub:
        stub.answer_with(answer_of(row))
        stream = OllamaEngine(stub.url).stream(Request(model, "Hi"))
        if refused is not None:
            with pytest.raises(refused[0]) as error:
                read_all(stream)
            assert refused[1] in str(error.value)
            assert "{" not in str(error.value)
            return
        chunks, stats = read_all(stream)
    lines = [json.loads(line) for line in row["lines"]]
    last = lines[-1]
    assert text_of(chunks) == "".join(line.get("response", line.get("message", {}).get("content")) for line in lines)
    assert all(before.at <= after.at for before, after in pairwise(chunks))
    assert stats.done_reason == last["done_reason"]
    assert (stats.prompt_tokens, stats.output_tokens) == (last.get("prompt_eval_count"), last.get("eval_count"))
    for ours, theirs in {
        "load_ms": "load_duration",
        "prompt_eval_ms": "prompt_eval_duration",
        "eval_ms": "eval_duration",
        "total_ms": "total_duration",
    }.items():
        expected = pytest.approx(last[theirs] / 1e6) if theirs in last else None
        assert getattr(stats, ours) == expected


def test_every_named_recording_exists() -> None:
    assert set(REFUSED) <= set(generations())


def test_questions_about_models() -> None:
    rows = exchanges()
    with StubOllama() as stub:
        for path, name in {
            "/api/version": "00-version",
            "/api/tags": "02-tags",
            "/api/show": "02-show-smollm2",
            "/api/ps": "05-ps-smollm2",
        }.items():
            stub.fixed[path] = (200, json.loads(rows[name]["lines"][0]))
        engine = OllamaEngine(stub.url)
        assert engine.version() == "ollama 0.32.15"
        assert engine.models() == ["gemma3:270m", "smollm2:135m"]
        info = engine.describe("smollm2:135m")
        assert (info.family, info.parameter_size, info.quantization, info.trained_context, info.layers, info.chat) == (
            "llama",
            "134.52M",
            "Q4_1",
            8192,
            30,
            True,
        )
        assert info.digest == "fd5f44c0b5aff6453726119fc560d73a8a995a55b4a49804bc24b1969ecf1794"
        _, stats = read_all(engine.stream(Request("smollm2:135m", "Hi")))
        assert (stats.effective_num_ctx, stats.gpu_share) == (2048, 0.0)


@pytest.mark.parametrize(("name", "effective"), [("11-ps-over-train", 8192), ("11-ps-default", 4096)])
def test_window_that_the_server_really_used(name: str, effective: int) -> None:
    with StubOllama() as stub:
        stub.fixed["/api/ps"] = (200, json.loads(exchanges()[name]["lines"][0]))
        _, stats = read_all(OllamaEngine(stub.url).stream(Request("smollm2:135m", "Hi")))
    assert stats.effective_num_ctx == effective


def test_server_without_models() -> None:
    with StubOllama() as stub:
        stub.fixed["/api/tags"] = (200, json.loads(exchanges()["00-tags-empty"]["lines"][0]))
        assert OllamaEngine(stub.url).models() == []
