from pathlib import Path

import numpy as np
import pytest

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def quantized(folder: Path, **rates: float) -> None:
    """Ten runs in turn for each quantization, which decode that fast and have the same time to first token."""
    rng = np.random.default_rng(1)
    rows = [
        run("a:1b", noisy(rng, rate), noisy(rng, 80), quantization=name)
        for _ in range(10)
        for name, rate in rates.items()
    ]
    write_csv(folder / "a_runs.csv", rows)


def test_the_faster_quantization_is_advised_if_its_answers_do(tmp_path: Path) -> None:
    quantized(tmp_path, Q4_0=100, Q8_0=50, F16=25)
    noted = notes_of(tmp_path, "condition_choice")
    text = wordings(noted.only)[0]
    assert text.startswith(
        "Run `a:1b` with `quantization=Q4_0` if its answers are good enough: its decode throughput is "
    )
    assert text.endswith(" with `quantization=Q8_0`, the next best.")
    assert plain(noted.only.action) == "Run `a:1b` with `quantization=Q4_0` if its answers are good enough"
    rates = noted.rows("decode_tok_s")
    means = np.exp(np.log(rates["value"]).groupby(rates["conditions"]).mean()).sort_values(ascending=False)
    assert values(noted.only, "tok/s") == pytest.approx(means.to_list()[:2])
    assert (noted.only.scope.models, noted.only.scope.n, noted.only.certainty) == (("a:1b",), 30, "in_session")


def test_quantizations_that_are_tied_are_not_chosen(tmp_path: Path) -> None:
    quantized(tmp_path, Q4_0=50, Q8_0=50)
    assert notes_of(tmp_path, "condition_choice").notes == []


def test_a_shared_lead_is_not_a_choice(tmp_path: Path) -> None:
    quantized(tmp_path, Q4_0=100, Q4_1=100, F16=25)
    assert notes_of(tmp_path, "condition_choice").notes == []


def test_single_values_are_not_a_choice(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "a_runs.csv",
        [run("a:1b", 100, 80, quantization="Q4_0"), run("a:1b", 50, 80, quantization="Q8_0")],
    )
    assert notes_of(tmp_path, "condition_choice").notes == []


def test_a_gain_of_less_than_a_tenth_is_not_worth_a_change(tmp_path: Path) -> None:
    quantized(tmp_path, Q4_0=105, Q8_0=100)
    assert any(note.order for note in notes_of(tmp_path, "condition_effect").notes)  # told apart all the same
    assert notes_of(tmp_path, "condition_choice").notes == []
