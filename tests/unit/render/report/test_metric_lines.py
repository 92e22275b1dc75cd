"""Metrics as a report's lines: units, remarks, and the reason where there is no value."""

from chimera_dagster.measure.measured import Headline, Interval
from chimera_dagster.measure.telemetry_summary import summarise_telemetry
from chimera_dagster.render.report.metric_lines import interval_line, metric_lines, telemetry_lines

ONCE = Interval(n=1, mean=1, std=None, low=None, high=None)


def test_the_metric_lines_are_the_seven_with_units_or_reasons() -> None:
    lines = metric_lines(
        Headline(
            calls=2,
            throughput_tok_s=108.171,
            ttft_ms=584.744,
            total_duration_ms=23240.91,
            tokens_generated=2228,
            prompt_eval_ms=None,
            eval_ms=20610.84,
            load_ms=519.3,
            reasons={"prompt_eval_ms": "not reported"},
            throughput_by_repeat=None,
            ttft_by_repeat=ONCE,
        )
    )
    assert lines == [
        ("Throughput", "108.17 tok/s"),
        ("TTFT", "584.74 ms (mean, n=2 calls)"),
        ("Total Duration", "23240.91 ms"),
        ("Tokens Generated", "2228"),
        ("Prompt Eval", "not measured (not reported)"),
        ("Eval Duration", "20610.84 ms"),
        ("Load Duration", "519.30 ms (including the warm-up)"),
    ]


def test_telemetry_is_told_with_units_or_reasons() -> None:
    nothing = summarise_telemetry([], 0.0, 1.0)
    without = nothing.model_copy(update={"reasons": {**nothing.reasons, "gpu_util_mean_pct": "no NVIDIA GPU (none)"}})
    assert telemetry_lines(without)[0] == ("GPU", "not measured (no NVIDIA GPU (none))")
    assert [name for name, _ in telemetry_lines(without)] == ["GPU", "Host CPU", "Engine memory"]
    seen = without.model_copy(
        update={"gpus": 1, "gpu_util_mean_pct": 86.6, "energy_j": 12.34, "energy_source": "counter"}
    )
    lines = dict(telemetry_lines(seen))
    assert lines["GPU utilisation"] == "87 % (mean share of the time with a kernel running)"
    assert lines["GPU energy"] == "12.3 J (from the counter)"
    assert lines["GPU power"].startswith("not measured (")
    assert "GPU" not in lines


def test_below_three_repeats_no_interval_is_claimed() -> None:
    assert interval_line("TTFT", ONCE, "ms") == "TTFT: 1.00 ms (n=1, no interval below n=3)"
    three = Interval(n=3, mean=2, std=1, low=0.5, high=3.5)
    assert interval_line("TTFT", three, "ms").endswith("(n=3, standard deviation 1.00, 95 % interval 0.50 to 3.50)")
    assert interval_line("Throughput", None, "tok/s") == "Throughput: not measured"
