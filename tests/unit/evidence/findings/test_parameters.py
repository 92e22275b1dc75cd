"""Effects of parameters: found where they are, not where they aren't, and honest about what was too small to see."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chimera_dagster.evidence.findings import FindingContext
from chimera_dagster.evidence.findings.finding import as_table
from chimera_dagster.evidence.findings.parameters import parameter_effects
from tests.unit.evidence.findings.tables import CORPUS, found_in, needs_corpus, no_files, noisy, rows_of, run, write_csv


def grid(tmp_path: Path, effect: float, share: float = 0.003) -> dict[str, object]:
    """Every (num_gpu, num_ctx) cell once, as tools run it; num_ctx has a large effect of its own."""
    rng = np.random.default_rng(8)
    rows = [
        run("m:1b", noisy(rng, 100 * (1 + effect * (gpu == 40)) * (2048 / ctx), share), num_gpu=gpu, num_ctx=ctx)
        for ctx, gpu in product((1024, 2048, 4096, 8192), (40, 60, 999))
    ]
    write_csv(tmp_path / "tuning.csv", rows)
    (found,) = [
        row
        for row in found_in(tmp_path, "parameter_effects")
        if row["subject"] == "num_gpu of m:1b" and "throughput" in str(row["text"])
    ]
    return found


def test_an_effect_is_found_among_larger_ones_of_other_parameters(tmp_path: Path) -> None:
    found = grid(tmp_path, 0.05)
    assert str(found["text"]).startswith("num_gpu changes the decode throughput of m:1b in this session: at 40 it ")
    assert found["certainty"] == "in_session"
    assert found["effect"] == pytest.approx(0.05, abs=0.01)
    assert found["values"]["effect"][1] == "%"
    assert (found["n"], found["severity"]) == (12, "notice")
    assert found["values"]["blocks"] == [4.0, ""]
    assert found["p_value"] < 0.001
    assert len(found["sources"]) == 12


def test_no_effect_says_what_would_have_been_seen(tmp_path: Path) -> None:
    found = grid(tmp_path, 0.0)
    assert str(found["text"]).startswith("No effect of num_gpu on the decode throughput of m:1b can be detected")
    assert 0.003 < found["detectable"] < 0.05
    assert "would have been found with a probability of 80 %" in str(found["text"])
    assert found["p_value"] >= 0.05
    assert found["severity"] == "info"


def test_values_run_one_after_another_are_said_to_be_mixed_up_with_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    rows = [run("m:1b", noisy(rng, 100 + 10 * (k == 40)), top_k=k, run=i) for k in (1, 40, 100) for i in range(4)]
    write_csv(tmp_path / "a_runs.csv", rows)
    (found,) = [row for row in found_in(tmp_path, "parameter_effects") if "throughput" in str(row["text"])]
    assert "differs between values of top_k in this session: at 40" in str(found["text"])
    assert "a drift of the machine over time would look the same" in str(found["text"])
    write_csv(tmp_path / "a_runs.csv", [rows[k * 4 + i] for i in range(4) for k in range(3)])
    (found,) = [row for row in found_in(tmp_path, "parameter_effects") if "throughput" in str(row["text"])]
    assert "top_k changes the decode throughput" in str(found["text"])


def simulated(rng: np.random.Generator, effect: float, share: float) -> pd.DataFrame:
    """3 parameters on 2 metrics of 2 models, cells filled once: 12 tests; `effect` is of num_gpu on one model."""
    names = list(product((40, 60, 999), (1024, 2048, 4096), (0.2, 0.8), ("a:1b", "b:1b")))
    parts = []
    for metric, unit in (("decode_tok_s", "tok/s"), ("ttft_ms", "ms")):
        parts.append(
            pd.DataFrame(
                {
                    "model": [model for *_, model in names],
                    "params": [f'{{"num_ctx":{c},"num_gpu":{g},"temperature":{t}}}' for g, c, t, _ in names],
                    "record": [f"row {place}" for place in range(1, len(names) + 1)],
                    "metric": metric,
                    "unit": unit,
                    "value": [
                        100 * c**0.1 * (1 + effect * (g == 40 and model == "a:1b" and unit == "ms"))
                        for g, c, _, model in names
                    ]
                    * np.exp(rng.normal(0, share, len(names))),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    empty = dict.fromkeys(("backend", "gpu", "prompt", "aggregate", "derived", "doubt"))
    texts = {"file": "a_runs.csv", "labels": "{}", "conditions": "{}", "model_source": "column", **empty}
    table = table.assign(**texts, n=np.nan, original_name=table["metric"], original_unit=table["unit"], error=False)
    return table.astype(dict.fromkeys(empty, "str"))


def effects(table: pd.DataFrame, parameter: str) -> list[dict[str, object]]:
    found = rows_of(as_table(parameter_effects(FindingContext(no_files(), table))))
    return [row for row in found if str(row["subject"]).startswith(parameter)]


def differs(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [row for row in rows if row["severity"] == "notice"]


@pytest.mark.slow
def test_whole_tables_behave_as_the_simulated_tests_do() -> None:
    # tests/unit/evidence/test_comparisons.py simulates the tests alone, and many more tables
    rng = np.random.default_rng(10)
    unplanted = [simulated(rng, 0.0, 0.05) for _ in range(12)]
    assert sum(bool(differs(effects(table, "num_gpu") + effects(table, "temperature"))) for table in unplanted) <= 3
    for _ in range(5):
        (found,) = differs(effects(simulated(rng, 0.05, 0.01), "num_gpu"))
        assert found["subject"] == "num_gpu of a:1b"


@needs_corpus
def test_num_gpu_makes_no_difference_to_llama_in_the_corpus() -> None:
    rows = found_in(CORPUS, "parameter_effects")
    of_llama = [row for row in rows if row["subject"] == "num_gpu of llama3.1:8b-instruct-q4_0"]
    assert len(of_llama) == 2
    assert all(str(row["text"]).startswith("No effect of num_gpu") for row in of_llama)
    decode = next(row for row in of_llama if "throughput" in str(row["text"]))
    assert decode["detectable"] == pytest.approx(0.0112, abs=0.0005)
    assert decode["n"] == 24
