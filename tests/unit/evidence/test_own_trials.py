"""Trials of an earlier sweep as input of the next: facts over their calls, a finding on those that are not valid."""

import json
from pathlib import Path
from statistics import fmean

import pandas as pd
import pytest

from chimera_dagster.records.documents import Metrics
from chimera_dagster.records.store import Store
from chimera_dagster.schemas import Facts, Findings
from chimera_dagster.steps import evidence, ingest
from tests.desk import ANALYSIS, WELL, Desk
from tests.stub_ollama import PIECES, Answer

SETS = [{"grid": {"num_ctx": [4096], "top_k": [number]}, "max_tokens": 1000, "repeats": 2} for number in (1, 2)]
CUT = Answer([*PIECES, WELL | {"done_reason": "length", "prompt_eval_count": 2_000}])
NAMES = ("first.json", "second/metrics.json")


class Earlier:
    """Two valid trials and one that is not, and what a folder of their metrics.json gives."""

    def __init__(self, desk: Desk, root: Path) -> None:
        self.trials: dict[str, Metrics] = {}
        for name, fields, answer in zip([*NAMES, "spoiled.json"], [*SETS, SETS[0]], [None, None, CUT], strict=True):
            self.trials[name] = desk.run(answer, after=ANALYSIS, **fields)
            copy = root / "reports" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(desk.store.folder_of(desk.plan(**fields).trial).metrics.read_bytes())
        assert [each.verdict for each in self.trials.values()] == ["valid", "valid", "incomplete"]
        store = Store(root / "data")
        ingest.ingest_folder(store, root / "reports")
        evidence.compute_evidence(store)
        self.statistics = store.read_table("data_summary")
        self.facts = Facts.validate(store.read_table("facts"))
        self.findings = Findings.validate(store.read_table("findings"))

    def values(self, metric: str, *names: str) -> list[float]:
        return [getattr(call, metric) for name in names or NAMES for call in self.trials[name].calls]


@pytest.fixture(scope="module")
def earlier(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Earlier:
    return Earlier(desk, tmp_path_factory.mktemp("earlier"))


def one(facts: pd.DataFrame, kind: str, metric: str | None = None) -> "pd.Series":
    [found] = [row for _, row in facts.iterrows() if row["kind"] == kind and metric in (None, row["metric"])]
    return found


@pytest.mark.parametrize("metric", ["decode_tok_s", "ttft_ms"])
def test_facts_are_over_the_calls_of_the_valid_trials(earlier: Earlier, metric: str) -> None:
    fact = one(earlier.facts, "model_mean", metric)
    assert (fact["model"], fact["n"]) == ("smollm2:135m", 8)
    assert fact["value"] == pytest.approx(fmean(earlier.values(metric)), rel=1e-12)
    assert json.loads(fact["sources"]) == [[name, f"/calls/{place}"] for name in NAMES for place in range(4)]


def test_every_call_is_one_run(earlier: Earlier) -> None:
    assert one(earlier.facts, "runs")["value"] == 8
    assert "only_aggregates" not in set(earlier.facts["kind"])


def test_statistics_are_by_parameter_set(earlier: Earlier) -> None:
    for name in NAMES:
        table = earlier.statistics[earlier.statistics["params"] == earlier.trials[name].params.canonical()]
        by_metric = table.set_index("metric")
        for metric in ("ttft_ms", "e2e_ms", "decode_tok_s", "prefill_tok_s", "output_tokens"):
            assert by_metric.loc[metric, "n"] == 4
            assert by_metric.loc[metric, "mean"] == pytest.approx(fmean(earlier.values(metric, name)), rel=1e-12)


def test_a_finding_names_the_trial_that_is_not_valid(earlier: Earlier) -> None:
    [finding] = [row for _, row in earlier.findings.iterrows() if row["detector"] == "trials_not_valid"]
    assert finding["text"] == (
        "1 trial among the files is not valid by its own verdict, so no statistic holds a figure of it: "
        "spoiled.json (incomplete)."
    )
    assert json.loads(finding["sources"]) == [["spoiled.json", "/validity"]]
    assert [*earlier.facts.loc[earlier.facts["sources"].str.contains("spoiled.json"), "kind"]] == ["files"]
