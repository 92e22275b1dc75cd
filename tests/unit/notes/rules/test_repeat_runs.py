import math
from pathlib import Path

import numpy as np
import pytest

from chimera_dagster.notes.advice import repeats_for
from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def rows(model: str, seed: int, n: int, spread: float, **more: object) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    return [run(model, noisy(rng, 50, spread), noisy(rng, 80, spread), **more) for _ in range(n)]


def test_tied_models_are_to_run_until_a_difference_would_show(tmp_path: Path) -> None:
    for seed, name in enumerate("ab"):
        write_csv(tmp_path / f"{name}_runs.csv", rows(f"{name}:1b", seed, 8, 0.15))
    noted = notes_of(tmp_path, "repeat_runs")
    first, second = wordings(noted.only)
    assert first.startswith("Run `a:1b` and `b:1b` ")
    assert " each: 8 runs of each can only show a difference of " in first
    assert " each, as 8 runs of each can only show a difference of " in second
    assert (noted.only.certainty, noted.only.scope.n, noted.only.scope.files) == ("tie", 16, 2)
    times = noted.rows("ttft_ms").groupby("model")["value"].size()
    assert times.min() in values(noted.only)


def test_the_runs_needed_grow_with_the_square_of_the_logarithms() -> None:
    assert repeats_for(3, 0.48) == (math.ceil(3 * (math.log(1.48) / math.log(1.2)) ** 2), 0.2)
    assert repeats_for(10, 0.2) == (math.ceil(10 * (math.log(1.2) / math.log(1.1)) ** 2), 0.1)
    assert repeats_for(3, 0.11) == (math.ceil(3 * (math.log(1.11) / math.log(1.05)) ** 2), 0.05)
    assert repeats_for(9, 1.6) is None  # to see 2.0 times in place of 2.6 times is no gain
    assert repeats_for(3, 0.05) is None  # it shows all that one would want
    assert repeats_for(3, 1000) is None  # a few more runs do not help


def test_that_many_runs_do_show_the_difference() -> None:
    """Simulated: with the runs asked for, Welch's test finds the difference in 80 % of cases or more."""
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(1)
    spread, runs = 0.1, 5
    error = spread * np.sqrt(2 / runs)
    better = repeats_for(runs, float(np.expm1(error * 3.3)))  # about what Welch's test of 5 against 5 finds
    assert better is not None
    shift = np.log1p(better.difference)
    one = rng.normal(0, spread, (2000, better.runs))
    other = rng.normal(shift, spread, (2000, better.runs))
    assert float(np.mean(ttest_ind(one, other, axis=1, equal_var=False).pvalue < 0.05)) > 0.8


def test_settings_without_a_visible_effect_are_to_be_repeated(tmp_path: Path) -> None:
    table = [row for value in (0.2, 0.6, 1.0) for row in rows("a:1b", int(value * 10), 3, 0.1, temperature=value)]
    write_csv(tmp_path / "a_runs.csv", table)
    noted = notes_of(tmp_path, "repeat_runs")
    text = wordings(noted.only)[0]
    assert text.startswith("Run each setting ")
    assert " times where it matters to you: 3 runs can only show a difference of " in text
    assert "between values of `temperature`" in text
    assert 3 in values(noted.only)


def test_single_values_are_to_be_repeated(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80), run("b:1b", 60, 90)])
    noted = notes_of(tmp_path, "repeat_runs")
    assert wordings(noted.only)[0] == (
        "Run each setting at least 5 times and keep every run: both values of time to first token rest on fewer than "
        "3 known runs."
    )
    assert noted.only.scope.n == len(noted.rows("ttft_ms"))


def test_a_clear_difference_needs_no_more_runs(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, 12, 0.01))
    write_csv(tmp_path / "b_runs.csv", [run("b:1b", 500 + place, 800 + place) for place in range(12)])
    assert notes_of(tmp_path, "repeat_runs").notes == []


def test_stated_values_that_tie_have_no_runs_to_multiply(tmp_path: Path) -> None:
    for place, name in enumerate("ab"):
        write_csv(tmp_path / f"{name}_summary.csv", [{"model": f"{name}:1b", "mean_ttft_ms": 80.1 + place / 10}])
    assert wordings(notes_of(tmp_path, "repeat_runs").only)[0].startswith("Run each setting at least 5 times")


@pytest.mark.parametrize("runs", [3, 12])
def test_more_runs_never_ask_for_fewer(runs: int) -> None:
    found = [repeats_for(runs, detectable) for detectable in np.linspace(0.12, 0.19, 8)]
    asked = [each.runs for each in found if each]
    assert asked == sorted(asked)
    assert all(each >= runs for each in asked)
