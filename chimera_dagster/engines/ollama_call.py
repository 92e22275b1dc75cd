"""One generation through the official client, on either endpoint, and the numbers of its final message."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from chimera_dagster.engines.base import Emit, EngineStats, Request, after_the_first
from chimera_dagster.engines.ollama_errors import translated_stream
from chimera_dagster.errors import EmptyOutputError, StreamBrokenError

if TYPE_CHECKING:
    from ollama import ChatResponse, GenerateResponse

    from chimera_dagster.engines.ollama_http import Session


class _Part(NamedTuple):
    thinking: str | None
    text: str | None
    whole: "GenerateResponse | ChatResponse"


def _generated(session: "Session", request: Request, options: dict[str, Any]) -> Iterator[_Part]:
    for part in session.client.generate(prompt=request.prompt, system=request.system, stream=True, **options):
        yield _Part(part.thinking, part.response, part)


def _chatted(session: "Session", request: Request, options: dict[str, Any]) -> Iterator[_Part]:
    system = [{"role": "system", "content": request.system}] if request.system else []
    messages = [*system, {"role": "user", "content": request.prompt}]
    for part in session.client.chat(messages=messages, stream=True, **options):
        yield _Part(part.message.thinking, part.message.content, part)


def call(session: "Session", request: Request, keep_alive_s: int, emit: Emit) -> EngineStats:
    """Emit what the server streams; it then keeps the model loaded for `keep_alive_s`. Raises EngineError."""
    options: dict[str, Any] = {
        "model": request.model,
        # a plain dict: the client's Options class drops options that it does not know
        "options": {**request.params.options(), "seed": request.seed, "num_predict": request.max_tokens},
        "keep_alive": f"{keep_alive_s}s",
    }
    if request.choices:
        # a model that thinks would use up its tokens before it answers
        options |= {"format": {"type": "string", "enum": list(request.choices)}, "think": False}
    final: GenerateResponse | ChatResponse | None = None
    with translated_stream(session.url):
        for part in (_chatted if request.api == "chat" else _generated)(session, request, options):
            if part.thinking:
                emit(part.thinking, True)
            if part.text:
                emit(part.text, False)
            if part.whole.done:
                final = part.whole
    if final is None or final.done_reason is None:
        raise StreamBrokenError(
            "Ollama's stream ended without its final message.",
            hint="The model may repeat itself endlessly; raise repeat_penalty or change the seed.",
        )
    if final.done_reason in {"load", "unload"}:
        raise EmptyOutputError(
            f"Ollama generated nothing (done_reason {final.done_reason}): the prompt is empty.", hint="Send a prompt."
        )
    return _statistics(final, final.done_reason)


def _statistics(final: "GenerateResponse | ChatResponse", done_reason: str) -> EngineStats:
    """The numbers of the final message as they are. Raises StreamBrokenError if one can't be a count."""
    names = ("load_duration", "prompt_eval_duration", "eval_duration", "total_duration", "prompt_eval_count")
    for name in (*names, "eval_count"):
        value = getattr(final, name)
        if value is not None and not 0 <= value < 2**63:
            raise StreamBrokenError(f"Ollama's final message is invalid: its {name} is {value}.")
    return EngineStats(
        done_reason=done_reason,
        load_ms=_ms(final.load_duration),
        prompt_eval_ms=_ms(final.prompt_eval_duration),
        eval_ms=_ms(final.eval_duration),
        total_ms=_ms(final.total_duration),
        prompt_tokens=final.prompt_eval_count,
        sent_tokens=_sent(final),
        output_tokens=final.eval_count,
        eval_tokens=after_the_first(final.eval_count),
    )


def _sent(final: "GenerateResponse | ChatResponse") -> int | None:
    """Tokens of the whole prompt: `context` has the prompt and the answer, tokenized together and not truncated."""
    context = getattr(final, "context", None)  # /api/chat has none
    sent = len(context) - (final.eval_count or 0) if context else 0
    return sent if sent > 0 else None


def _ms(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6
