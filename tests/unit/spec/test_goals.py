"""Goals: what may be stated, and what is refused in a sentence."""

import pytest
from pydantic import ValidationError

from chimera_dagster.spec.goals import Goals, parse_limit


def test_a_limit_is_read_and_written_the_same() -> None:
    limit = parse_limit(" ttft_ms<=5e2 ")
    assert (limit.metric, limit.at_least, limit.value, str(limit)) == ("ttft_ms", False, 500.0, "ttft_ms <= 500")
    assert limit.keeps(500) and not limit.keeps(500.1)
    assert parse_limit("quality >= 0.8").keeps(0.9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ttft_ms < 500", "is not a limit; write it like"),
        ("speed >= 3", "'speed' is not a metric of a trial; the metrics are throughput_tok_s, "),
        ("ttft_ms <= 1e999", "is not finite"),
        ("ttft_ms <= 1-2", "'1-2' in 'ttft_ms <= 1-2' is not a number"),
    ],
)
def test_what_is_no_limit_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match="limits") as error:
        Goals(limits=[text])
    assert said in str(error.value)


def test_limits_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValidationError, match="contradict each other: no value can keep both"):
        Goals(limits=["ttft_ms >= 500", "ttft_ms <= 100"])
    assert len(Goals(limits=["ttft_ms >= 100", "ttft_ms <= 500"]).parsed()) == 2


@pytest.mark.parametrize("weight", [0, -1, float("nan")])
def test_a_weight_is_positive(weight: float) -> None:
    with pytest.raises(ValidationError):
        Goals(want={"quality": weight})
