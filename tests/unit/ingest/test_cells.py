"""What single cells say: whether an answer is an error message, and why an answer ended."""

import pytest

from chimera_dagster.ingest.cells import ended_at_limit, says_failed


@pytest.mark.parametrize(
    "text",
    [
        "Error generating banter: All connection attempts failed",
        "[ERROR] model not found",
        "HTTP 503: service unavailable",
        "ReadTimeoutError: timed out",
        "Connection refused",
        "502 Bad Gateway: upstream server error",
    ],
)
def test_an_error_message_in_place_of_an_answer_is_a_failure(text: str) -> None:
    assert says_failed("answer", text)


@pytest.mark.parametrize(
    "text",
    [
        "A GPU should be warm because its clocks rise first.",
        "Errors are part of learning, so keep going!",
        "The request failed because the server was down; try again with a longer timeout.",
        "Error handling in Python: " + "use try and except, and never a bare except that hides what failed. " * 5,
        "42",
        "",
        None,
    ],
)
def test_an_answer_about_errors_is_not(text: str | None) -> None:
    assert not says_failed("answer", text)


@pytest.mark.parametrize(
    ("cell", "at_limit"),
    [("length", 1), ("MAX_TOKENS", 1), ("stop", 0), ("<|im_end|>", 0), ("", None), (None, None), (3, None)],
)
def test_why_an_answer_ended(cell: object, at_limit: int | None) -> None:
    assert ended_at_limit(cell) == at_limit
