"""Repeats that lie far apart are one note; those that don't, and those of different settings, have none."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.evidence.findings.tables import noisy, run, write_csv
from tests.unit.notes.noted import Noted, notes_of, values, wordings


def repeats(tmp_path: Path, decode: dict[str, float], ttft: float = 0.01, n: int = 4) -> Noted:
    """`n` runs of each of three settings, of models with that much scatter."""
    rng = np.random.default_rng(71)
    rows = [
        run(model, noisy(rng, 100 * ctx / 1024, share), noisy(rng, 80, ttft), num_ctx=ctx)
        for model, share in decode.items()
        for ctx in (1024, 2048, 4096)
        for _ in range(n)
    ]
    write_csv(tmp_path / "a_runs.csv", rows)
    return notes_of(tmp_path, "scatter")


def test_scatter_is_said_with_what_it_means(tmp_path: Path) -> None:
    found = repeats(tmp_path, {"m:1b": 0.3})
    note = found.only
    one, other = wordings(note)
    assert one.startswith("Runs of one setting have a standard deviation of ")
    assert one.endswith(" % of the mean for `m:1b` in decode throughput, so a single run says little.")
    assert other.startswith("A single run says little here: ")
    assert (note.section, note.certainty, note.order, note.metric) == ("findings", None, (), "decode_tok_s")
    assert (note.scope.models, note.scope.n, note.scope.files) == (("m:1b",), 12, 1)
    assert len(note.sources) == 12


def test_its_figure_is_that_of_the_measurements(tmp_path: Path) -> None:
    found = repeats(tmp_path, {"m:1b": 0.3})
    rows = found.rows("decode_tok_s")
    by_setting = rows["value"].groupby(rows["params"].astype("str"))
    pooled = np.sqrt(((by_setting.std() / by_setting.mean()) ** 2).mean())
    assert values(found.only, "%") == pytest.approx([100 * pooled])
    assert pooled < 0.5  # not the spread between the settings


def test_metrics_and_models_are_merged_those_that_scatter_most_first(tmp_path: Path) -> None:
    note = repeats(tmp_path, {"a:1b": 0.25, "b:1b": 0.6, "c:1b": 0.01}, ttft=0.3).only
    text = wordings(note)[0]
    assert text.index("`b:1b`") < text.index("`a:1b`") < text.index(" in decode throughput, and of ")
    assert "`c:1b`" not in text.split(" in decode throughput")[0]
    assert note.metric is None


def test_repeats_that_agree_have_no_such_note(tmp_path: Path) -> None:
    assert repeats(tmp_path, {"m:1b": 0.02}).notes == []


def test_settings_without_repeats_have_no_such_note(tmp_path: Path) -> None:
    assert repeats(tmp_path, {"m:1b": 0.5}, n=1).notes == []
