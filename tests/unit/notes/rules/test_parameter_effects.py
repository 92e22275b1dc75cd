"""A parameter's effect is said where a test finds it; where none does, with what would have been found."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import Noted, notes_of, reads_as, values, wordings

SURE = "That holds within these sessions; in others it may not."


def sweep(tmp_path: Path, effects: Sequence[float], models: Sequence[str] = ("m:1b",), ttft: float = 0.01) -> Noted:
    """Levels 1, 2, ... of top_k within the levels of num_ctx, in a random order, three times."""
    rng = np.random.default_rng(31)
    rows = [
        run(model, noisy(rng, 100 * (1 + effects[k])), noisy(rng, 80, ttft), num_ctx=ctx, top_k=k + 1)
        for model, ctx, k, _ in product(models, (1024, 2048), range(len(effects)), range(3))
    ]
    rng.shuffle(rows)
    write_csv(tmp_path / "a_runs.csv", rows)
    return notes_of(tmp_path, "parameter_effect")


def test_an_effect_says_which_value_is_faster_and_by_how_much(tmp_path: Path) -> None:
    found = sweep(tmp_path, [0, 0.2, 0.5])
    effect = found.notes[0]
    one, other = wordings(effect)
    assert one.startswith("With `top_k=3`, `m:1b` decodes ")
    assert one.endswith(f" % faster than with `top_k=1`, the other settings being equal. {SURE}")
    assert other.endswith(f" % faster than with `top_k=1` if it runs with `top_k=3`. {SURE}")
    assert (effect.section, effect.certainty, effect.metric) == ("performance", "in_session", "decode_tok_s")
    assert effect.order == ("top_k=3", "top_k=1")
    assert (effect.scope.models, effect.scope.n, effect.scope.files) == (("m:1b",), 18, 1)
    assert len(effect.sources) == 18
    assert str(found.findings.set_index("id").loc[effect.findings[0], "text"]).startswith("top_k changes the decode")


def test_its_figure_is_the_ratio_of_the_measurements(tmp_path: Path) -> None:
    found = sweep(tmp_path, [0, 0.2, 0.5])
    rows = found.rows("decode_tok_s")
    level = rows["params"].str.extract(r'"top_k":(\d)')[0]
    means = np.log(rows["value"].to_numpy("float64"))
    ratio = np.exp(means[(level == "3").to_numpy()].mean() - means[(level == "1").to_numpy()].mean())
    assert values(found.notes[0], "%") == pytest.approx([100 * (ratio - 1)])
    assert list(reads_as(found.notes[0])) == [f"{100 * (ratio - 1):.0f} %"]


def test_an_effect_in_each_of_several_sessions_holds(tmp_path: Path) -> None:
    rng = np.random.default_rng(34)
    for session in range(4):
        rows = [run("m:1b", noisy(rng, 100 + 20 * k), top_k=k) for _ in range(3) for k in (1, 2)]
        write_csv(tmp_path / f"{session}_runs.csv", rows)
    effect = notes_of(tmp_path, "parameter_effect").notes[0]
    assert (effect.certainty, effect.scope.files) == ("holds", 4)
    assert all(text.endswith(" That difference holds.") for text in wordings(effect))


def test_a_large_effect_is_said_as_a_ratio(tmp_path: Path) -> None:
    effect = sweep(tmp_path, [0, 1.1]).notes[0]
    assert all(" decodes 2.1 times as fast as with `top_k=1`" in text for text in wordings(effect))


def test_values_run_one_after_another_may_differ_by_the_machine(tmp_path: Path) -> None:
    rng = np.random.default_rng(32)
    rows = [run("m:1b", noisy(rng, 100 + 10 * k), 80, top_k=k) for k in (1, 2) for _ in range(6)]
    write_csv(tmp_path / "a_runs.csv", rows)
    effect = next(note for note in notes_of(tmp_path, "parameter_effect").notes if note.order)
    assert effect.certainty == "in_session"
    assert all(text.endswith("so a drift of the machine would look the same.") for text in wordings(effect))


def test_all_that_moved_nothing_is_one_note(tmp_path: Path) -> None:
    found = sweep(tmp_path, [0, 0], models=("a:1b", "b:1b"))
    note = found.only
    one, other = wordings(note)
    assert one.startswith(
        "`num_ctx` and `top_k` moved neither the decode throughput nor the time to first token of `a:1b` and `b:1b` "
        "by an amount that 3 runs per setting can show; a difference of "
    )
    assert other.startswith("With 3 runs per setting, no effect of `num_ctx` and `top_k` on the decode throughput or")
    assert one.endswith(" % would have shown.")
    assert (note.certainty, note.order, note.metric) == ("tie", (), None)
    assert (note.scope.models, note.scope.n, note.scope.files) == (("a:1b", "b:1b"), 24, 1)
    least = found.findings.set_index("id").loc[list(note.findings), "detectable"]
    assert len(least) == 8
    assert values(note, "%") == pytest.approx([100 * least.max()])
    assert values(note, "") == [3]


def test_tests_of_different_precision_are_said_to_differ(tmp_path: Path) -> None:
    found = sweep(tmp_path, [0, 0], ttft=0.1)
    least = found.findings.set_index("id").loc[list(found.only.findings), "detectable"]
    assert values(found.only, "%") == pytest.approx([100 * least.min(), 100 * least.max()])
    assert all("; only differences of" in text and "depending on the test" in text for text in wordings(found.only))


def test_effects_and_what_moved_nothing_do_not_contradict_each_other(tmp_path: Path) -> None:
    effect, *others = sweep(tmp_path, [0, 0.3]).notes
    assert effect.metric == "decode_tok_s"
    for note in others:
        assert set(effect.findings).isdisjoint(note.findings)
        assert "`top_k`" not in wordings(note)[0] or "the decode throughput" not in wordings(note)[0]


def test_a_parameter_that_never_changed_is_not_spoken_of(tmp_path: Path) -> None:
    rng = np.random.default_rng(33)
    write_csv(tmp_path / "a_runs.csv", [run("m:1b", noisy(rng, 100), top_k=40) for _ in range(8)])
    assert notes_of(tmp_path, "parameter_effect").notes == []
