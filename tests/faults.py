"""What a model server does wrong, as answers of the stub: each with the class of its error and words of its message."""

from chimera_dagster import errors
from tests.stub_ollama import BUSY, FINAL, HALF_A_LINE, PIECES, Answer

NEVER_ENDS = [b'{"response": "', *(b"x" * 2**20 for _ in range(33))]

Broken = errors.StreamBrokenError
FAULTS: dict[str, tuple[Answer, type[errors.EngineError], str]] = {
    "slow first token": (
        Answer([*PIECES, FINAL], seconds_before=0.5),
        errors.EngineTimeoutError,
        "The first token took longer than 0.1 s.",
    ),
    "stall": (Answer(PIECES, stall_before=3), errors.EngineTimeoutError, "The next token took longer than 0.1 s."),
    "cut": (Answer(PIECES, cut_before=4), Broken, "was interrupted"),
    "cut before the headers": (Answer(PIECES, cut_before=0), Broken, "was interrupted"),
    "cut in a character": (Answer([*PIECES[:2], HALF_A_LINE], cut_before=99), Broken, "was interrupted"),
    "half a line": (Answer([*PIECES[:2], HALF_A_LINE]), Broken, "unreadable line"),
    "no done": (Answer(PIECES[:4]), Broken, "ended without its final message"),
    "nothing at all": (Answer(), Broken, "ended without its final message"),
    "done without a reason": (Answer([*PIECES[:2], {"response": "", "done": True}]), Broken, "final message"),
    "error line": (Answer([*PIECES[:2], {"error": "runner died: unexpected EOF"}]), Broken, "died: unexpected EOF"),
    "error line first": (Answer([{"error": "out of memory"}]), Broken, "with an error: out of memory"),
    "error that is no string": (Answer([{"error": {"message": "odd"}}]), Broken, "unreadable line"),
    "no JSON": (Answer([*PIECES[:2], "{half a li"]), Broken, "unreadable line"),
    "JSON of another kind": (Answer(["[1, 2]", FINAL]), Broken, "[1, 2] is not a JSON object"),
    "JSON of another server": (Answer(body={"choices": []}), Broken, "Ollama's stream"),
    "line without end": (Answer(NEVER_ENDS, seconds_between=0), Broken, "longer than 32 MiB"),
    "page": (
        Answer(body="<html>hello</html>", content_type="text/html"),
        errors.WrongServerError,
        "is not an Ollama server",
    ),
    "page, streamed": (
        Answer(["<html>"], content_type="text/html"),
        errors.WrongServerError,
        "not an Ollama server",
    ),
    "busy": (BUSY, errors.EngineBusyError, "(HTTP 503): server busy, please try again.  maximum pending"),
    "proxy": (Answer(status=502, body='"Bad gateway"'), errors.RequestRefusedError, "(HTTP 502): Bad gateway"),
    "runner died": (
        Answer(status=500, body={"error": "llama runner process has terminated"}),
        errors.RequestRefusedError,
        "(HTTP 500): llama runner process has terminated",
    ),
    "negative count": (Answer([*PIECES, FINAL | {"eval_count": -1}]), Broken, "its eval_count is -1"),
    "negative time": (Answer([*PIECES, FINAL | {"load_duration": -5}]), Broken, "its load_duration is -5"),
    "fraction": (Answer([*PIECES, FINAL | {"eval_count": 2.5}]), Broken, "eval_count: Input should be a valid integer"),
    "words": (Answer([*PIECES, FINAL | {"prompt_eval_count": "many"}]), Broken, "prompt_eval_count: Input should be"),
    "not a number": (Answer([*PIECES, FINAL | {"eval_duration": float("nan")}]), Broken, "eval_duration: Input"),
    "beyond 64 bits": (Answer([*PIECES, FINAL | {"eval_count": 10**30}]), Broken, f"its eval_count is {10**30}"),
    "beyond all digits": (Answer([*PIECES, '{"eval_count": ' + "9" * 5000 + "}"]), Broken, "unreadable line"),
}
