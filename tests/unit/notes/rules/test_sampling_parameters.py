from pathlib import Path

import numpy as np

from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def sweep(folder: Path, name: str, levels: tuple[float, ...], effect: float = 0.0, spread: float = 0.02) -> None:
    """Six shuffled runs for each level of a parameter; each level is faster than the one before by `effect`."""
    rng = np.random.default_rng(len(name))
    rows = [
        run("a:1b", noisy(rng, 50 * (1 + effect) ** place, spread), noisy(rng, 80, spread), **{name: level})
        for _ in range(6)
        for place, level in enumerate(levels)
    ]
    write_csv(folder / f"{name}_runs.csv", rows)


def test_parameters_that_move_nothing_are_to_be_set_by_quality(tmp_path: Path) -> None:
    sweep(tmp_path, "temperature", (0.2, 0.6, 1.0))
    sweep(tmp_path, "top_k", (10, 40))
    noted = notes_of(tmp_path, "sampling_parameters")
    text = wordings(noted.only)[0]
    assert text.startswith(
        "Set `temperature` and `top_k` for the quality of the answers: none of them moved speed in 30 runs by an "
        "amount that they can show."
    )
    assert values(noted.only) == [len(noted.rows("ttft_ms"))]
    assert (noted.only.certainty, noted.only.scope.models, noted.only.scope.files) == ("tie", ("a:1b",), 2)


def test_a_parameter_with_an_effect_is_left_out(tmp_path: Path) -> None:
    sweep(tmp_path, "temperature", (0.2, 0.6, 1.0), effect=0.3)
    sweep(tmp_path, "top_k", (10, 40))
    assert wordings(notes_of(tmp_path, "sampling_parameters").only)[1].startswith(
        "Set `top_k` for the quality of the answers, as it did not move speed in 12 runs by an amount"
    )


def test_a_test_that_could_not_have_seen_much_is_no_ground_for_advice(tmp_path: Path) -> None:
    sweep(tmp_path, "temperature", (0.2, 0.6, 1.0), spread=0.3)
    assert {note.certainty for note in notes_of(tmp_path, "parameter_effect").notes} == {"tie"}
    assert notes_of(tmp_path, "sampling_parameters").notes == []


def test_without_a_sweep_there_is_nothing_to_set(tmp_path: Path) -> None:
    sweep(tmp_path, "num_ctx", (1024, 2048))
    assert notes_of(tmp_path, "sampling_parameters").notes == []
