from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chimera_dagster.ingest.folder import read_in_memory
from tests.unit.evidence.findings.tables import coherent, noisy, run, write_csv
from tests.unit.notes.noted import notes_of, notes_of_tables, reads_as, values, wordings


def with_summary(folder: Path, name: str, added: float, failed: int = 0) -> list[float]:
    """Runs of one file and a summary whose mean is `added` too high; the decode throughputs of the good runs."""
    rng = np.random.default_rng(9)
    rows = [coherent(rng, run=place) for place in range(12)]
    for row in rows[:failed]:
        row |= {"error": "timeout", "tokens_s": ""}
    write_csv(folder / f"{name}_runs.csv", rows)
    rates = [float(str(row["tokens_s"])) for row in rows[failed:]]
    mean = {"model": "m:1b", "mean_tokens_s": f"{np.mean(rates) + added:.3f}"}
    write_csv(folder / f"{name}_summary.csv", [mean])
    return rates


def test_a_summary_that_disagrees_is_said_with_both_values(tmp_path: Path) -> None:
    rates = with_summary(tmp_path, "a", added=20)
    noted = notes_of(tmp_path, "contradictions")
    assert wordings(noted.only) == [
        "1 of 1 figure in `a_summary.csv` disagrees with the runs in `a_runs.csv`: it states a mean of 120 tok/s for "
        "the decode throughput, but 12 runs give 100 tok/s.",
        "Do not trust the mean of the decode throughput in `a_summary.csv`: it is 120 tok/s there, but 12 runs give "
        "100 tok/s. 1 of 1 figure in it disagrees with the runs in `a_runs.csv`.",
    ]
    assert values(noted.only, "tok/s") == pytest.approx([np.mean(rates) + 20, np.mean(rates)], abs=0.001)
    assert noted.only.sources[0] == ("a_summary.csv", "row 1")
    assert noted.only.scope.files == 2


def test_values_that_round_to_the_same_are_told_apart(tmp_path: Path) -> None:
    rates = with_summary(tmp_path, "a", added=0.04)
    figures = reads_as(notes_of(tmp_path, "contradictions").only)
    rendered = [text for text in figures if text.endswith("tok/s")]
    assert len(set(rendered)) == 2
    assert figures[rendered[1]] == pytest.approx(np.mean(rates))


def test_runs_that_a_summary_leaves_out_are_counted(tmp_path: Path) -> None:
    with_summary(tmp_path, "a", added=0, failed=2)
    noted = notes_of(tmp_path, "contradictions")
    assert wordings(noted.only) == [
        "`a_summary.csv` sums up 10 of 12 runs in `a_runs.csv` and does not say so; the others failed.",
        "Of 12 runs in `a_runs.csv`, `a_summary.csv` sums up 10 without saying so; the others failed.",
    ]
    assert noted.only.sources == (("a_runs.csv", "row 1"), ("a_runs.csv", "row 2"))


def test_a_summary_that_agrees_has_no_note(tmp_path: Path) -> None:
    with_summary(tmp_path, "a", added=0)
    assert notes_of(tmp_path, "contradictions").notes == []


def test_after_three_files_the_others_are_only_named(tmp_path: Path) -> None:
    for name in "abcde":
        with_summary(tmp_path, name, added=20)
        (tmp_path / f"{name}_runs.csv").write_text(
            (tmp_path / f"{name}_runs.csv").read_text().replace("m:1b", f"{name}:1b")
        )
        (tmp_path / f"{name}_summary.csv").write_text(
            (tmp_path / f"{name}_summary.csv").read_text().replace("m:1b", f"{name}:1b")
        )
    *shown, rest = notes_of(tmp_path, "contradictions").notes
    assert len(shown) == 3
    assert wordings(rest)[0].startswith("The same is true of 2 other files: `")


def test_mixed_units_name_the_columns_and_the_factor(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [coherent(rng) for _ in range(8)]
    for row in rows[:3]:
        row["eval_s"] = float(str(row["eval_s"])) * 1000
    write_csv(tmp_path / "a_runs.csv", rows)
    note = notes_of(tmp_path, "contradictions").notes[0]
    assert wordings(note)[0] == (
        "In 3 of 8 runs in `a_runs.csv`, `decode_tok_s`, `eval_ms` and `output_tokens` contradict each other by a "
        "factor of 1,000: one of them is not in the unit that its name says."
    )
    assert values(note) == [3, 8, 1000]


def test_files_in_different_units_are_said_with_their_medians(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    times = {name: [noisy(rng, 80) * factor for _ in range(5)] for name, factor in (("a", 1), ("b", 1000))}
    for name, every in times.items():
        write_csv(tmp_path / f"{name}_runs.csv", [run("m:1b", 50 + place, time) for place, time in enumerate(every)])
    noted = notes_of(tmp_path, "contradictions")
    assert wordings(noted.only)[0] == (
        "The time to first token of `m:1b` has a median of 80 s in `b_runs.csv` and of 80 ms in `a_runs.csv`, about a "
        "factor of 1,000: one of them is in the wrong unit."
    )
    assert values(noted.only, "ms") == pytest.approx([np.median(times["b"]), np.median(times["a"])], rel=1e-4)


def test_a_value_that_its_neighbours_contradict_is_said_with_the_formula(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    write_csv(tmp_path / "a_runs.csv", [coherent(rng) for _ in range(6)])
    read = read_in_memory(tmp_path)
    stated = read.measurements[read.measurements["metric"] == "decode_tok_s"]
    derived = stated.assign(derived="output_tokens / eval_ms", original_name="eval_count")
    derived.loc[derived.index[2], "value"] *= 1.5
    noted = notes_of_tables(read.files, pd.concat([read.measurements, derived]), "contradictions")
    assert wordings(noted.only)[0] == (
        "1 of 6 values of the decode throughput in `a_runs.csv` contradicts the numbers beside it: where 102 tok/s is "
        "stated, `output_tokens / eval_ms` gives 152 tok/s. The stated values are used."
    )
    value = stated["value"].iloc[2]
    assert values(noted.only, "tok/s") == pytest.approx([value, value * 1.5])
    assert noted.only.sources == (("a_runs.csv", "row 3"),)
