"""Every recorded generation of a real server, served again: each ends as a result or as the right error."""

import json
import threading
import time
from itertools import pairwise

import pytest

from chimera_dagster import errors
from chimera_dagster.engines.base import Chunk, EngineStats, ModelInfo, Request
from chimera_dagster.engines.ollama import OllamaEngine
from tests.contract.engine_contract import read_all, text_of
from tests.replay import exchanges, recorded, replay
from tests.stub_ollama import TEMPLATE, Answer, StubOllama

# name: the error and words of the server that it must carry. Every other generation succeeded.
REFUSED: dict[str, tuple[type[errors.EngineError], str]] = {
    "06-empty-prompt-load": (errors.EmptyOutputError, "done_reason load"),
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
    "21-unload": (errors.EmptyOutputError, "done_reason unload"),
    "23-maxqueue1-0": (errors.EngineBusyError, "maximum pending requests exceeded"),
    "24-sigkill-midstream": (errors.StreamBrokenError, "was interrupted"),
    "25-runner-killed": (errors.StreamBrokenError, "running the model: unexpected EOF"),
    "50-repeat-token-chat": (errors.StreamBrokenError, "without its final message"),
    "53-truncated-gguf": (errors.ModelFileError, "exceeds file size (50000000)"),
    "53-missing-blob": (errors.ModelNotFoundError, "ollama pull smollm2:135m"),
}


def generations() -> list[str]:
    """Names of the generations; one that the client left on its own has no outcome."""
    return [
        name
        for name, row in exchanges().items()
        if row["path"] in {"/api/generate", "/api/chat"} and not row["ended"].startswith("closed by client")
    ]


def request_of(name: str) -> Request:
    row = exchanges()[name]
    model = row["request"]["model"] if isinstance(row["request"], dict) else "smollm2:135m"
    return Request(model, "Hi", api="chat" if row["path"] == "/api/chat" else "generate")


def call(name: str, pace: float = 0.0) -> tuple[list[Chunk], EngineStats]:
    with StubOllama() as stub:
        replay(stub, name, pace=pace)
        engine = OllamaEngine(stub.url)
        try:
            return read_all(engine.stream(request_of(name)))
        finally:
            engine.close()
            assert stub.is_left(), "the connection is still open"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_generation_that_failed(name: str) -> None:
    kind, words = REFUSED[name]
    with pytest.raises(errors.EngineError) as error:
        call(name)
    assert type(error.value) is kind
    assert words in str(error.value)
    assert "{" not in str(error.value)


@pytest.mark.parametrize("name", [name for name in generations() if name not in REFUSED])
def test_generation_that_succeeded(name: str) -> None:
    chunks, stats = call(name)
    lines = [json.loads(line) for line in exchanges()[name]["lines"]]
    texts = [line["response"] if "response" in line else line["message"]["content"] for line in lines]
    assert [chunk.text for chunk in chunks] == [text for text in texts if text]
    assert all(before.at <= after.at for before, after in pairwise(chunks))
    last = lines[-1]
    assert stats == EngineStats(
        done_reason=last["done_reason"],
        load_ms=last["load_duration"] / 1e6,
        prompt_eval_ms=last["prompt_eval_duration"] / 1e6,
        eval_ms=last["eval_duration"] / 1e6,
        total_ms=last["total_duration"] / 1e6,
        prompt_tokens=last["prompt_eval_count"],
        sent_tokens=len(last["context"]) - last["eval_count"] if "context" in last else None,
        output_tokens=last["eval_count"],
        eval_tokens=last["eval_count"] - 1,
    )


def test_the_generation_time_is_that_from_the_first_chunk_on() -> None:
    """So it covers one token less than were written. Chunks are read in 4 ms steps, and a stream of 35 takes 0.5 s."""
    checked = 0
    for name in generations():
        exchange = exchanges()[name]
        if name in REFUSED or exchange["arrival_s"] is None:
            continue
        _, stats = call(name)
        arrivals = exchange["arrival_s"]
        assert stats.eval_ms == pytest.approx(1e3 * (arrivals[-1] - arrivals[0]), rel=0.02)
        checked += 1
    assert checked >= 6


def test_tokens_sent_tell_a_cut_prompt_from_a_whole_one() -> None:
    """A tokenization of prompt and answer together differs by a token or two; a cut is beyond what answers can do."""
    cut: set[str] = set()
    for name in generations():
        if name not in REFUSED:
            _, stats = call(name)
            assert stats.prompt_tokens is not None and stats.output_tokens is not None
            if stats.sent_tokens is not None and stats.sent_tokens - stats.prompt_tokens > stats.output_tokens:
                cut.add(name)
    assert cut == {"11-ctx512-long-prompt", "10-opt-num_ctx=0"}
    _, stats = call("11-ctx512-long-prompt")
    assert (stats.sent_tokens, stats.prompt_tokens) == (1217, 258)  # 1210 and the 7 of a question behind them


def test_chunks_come_when_the_server_sent_them() -> None:
    name, pace = "03-generate-stream-cold-smollm2", 0.1
    sent = time.perf_counter()
    chunks, _ = call(name, pace)
    arrivals = [at * pace for at in exchanges()[name]["arrival_s"]]
    assert all(chunk.at - sent >= at for chunk, at in zip(chunks, arrivals, strict=False))


def test_client_that_leaves_ends_the_recorded_generation() -> None:
    with StubOllama() as stub:
        replay(stub, "20-client-cancel")
        stream = OllamaEngine(stub.url).stream(request_of("20-client-cancel"))
        assert "".join(next(stream).text for _ in range(10)).startswith("The Night")
        stream.close()
        assert stub.client_left.wait(timeout=5)


def test_two_stubs_answer_side_by_side() -> None:
    names = ("41-unicode", "04-chat-stream-smollm2")
    texts: dict[str, str] = {}

    def follow(name: str) -> None:
        texts[name] = text_of(call(name, pace=0.1)[0])

    threads = [threading.Thread(target=follow, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert "おやバス" in texts["41-unicode"]
    assert texts["04-chat-stream-smollm2"].startswith("Hi there")


@pytest.mark.parametrize("piece_bytes", [1, 7, 100_000])
def test_boundaries_of_chunks_mean_nothing(piece_bytes: int) -> None:
    lines = exchanges()["41-unicode"]["lines"]
    with StubOllama() as stub:
        stub.answer_with(Answer(lines, piece_bytes=piece_bytes, seconds_between=0))
        chunks, _ = read_all(OllamaEngine(stub.url).stream(request_of("41-unicode")))
    assert [chunk.text for chunk in chunks] == [text for line in lines if (text := json.loads(line)["response"])]


def test_every_named_recording_exists() -> None:
    assert set(REFUSED) <= set(generations())


def test_questions_about_models() -> None:
    with StubOllama() as stub:
        replay(stub, "00-version", "02-tags", "02-show-smollm2", "05-ps-smollm2")
        engine = OllamaEngine(stub.url)
        assert engine.version() == "ollama 0.32.15"
        assert engine.models() == ["gemma3:270m", "smollm2:135m"]
        info = engine.describe("smollm2:135m")
        assert info == ModelInfo(
            tag="smollm2:135m",
            digest="fd5f44c0b5aff6453726119fc560d73a8a995a55b4a49804bc24b1969ecf1794",
            family="llama",
            parameter_size="134.52M",
            quantization="Q4_1",
            trained_context=8192,
            layers=30,
            chat=True,
            capabilities=("completion",),
            default_options='stop "<|im_end|>", stop "<|im_start|>"',
            template=TEMPLATE,
        )
        _, stats = read_all(engine.stream(Request("smollm2:135m", "Hi")))
        assert (stats.effective_num_ctx, stats.vram_mib, stats.gpu_share) == (2048, 0.0, 0.0)


@pytest.mark.parametrize(("name", "effective"), [("11-ps-over-train", 8192), ("11-ps-default", 4096)])
def test_window_that_the_server_really_used(name: str, effective: int) -> None:
    with StubOllama() as stub:
        replay(stub, name)
        _, stats = read_all(OllamaEngine(stub.url).stream(Request("smollm2:135m", "Hi")))
    assert stats.effective_num_ctx == effective


def test_server_without_models() -> None:
    with StubOllama() as stub:
        replay(stub, "00-tags-empty")
        assert OllamaEngine(stub.url).models() == []


def test_questions_that_are_refused() -> None:
    with StubOllama() as stub:
        replay(stub, "02-show-unknown", "02-tags")
        with pytest.raises(errors.ModelNotFoundError, match=r"ollama pull nope:1b'. It has gemma3:270m, smollm2:135m"):
            OllamaEngine(stub.url).describe("nope:1b")
        replay(stub, "10-host-header")
        with pytest.raises(errors.RequestRefusedError, match=r"\(HTTP 403\): no message"):
            OllamaEngine(stub.url).models()


def test_every_exchange_can_be_replayed() -> None:
    for name, row in exchanges().items():
        answer = recorded(name, pace=1.0)
        assert answer.status == row["status"]
        assert (answer.body is None) == (row["arrival_s"] is not None)
