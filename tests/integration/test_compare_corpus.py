"""A real parameter sweep that was once said to have a best num_gpu, compared as trials."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.observed import Observed
from chimera_dagster.records.store import Store
from chimera_dagster.render.index.cells import effect_words
from chimera_dagster.spec.goals import Goals
from chimera_dagster.spec.trial import ParamSet
from chimera_dagster.steps import ingest
from tests.conftest import CORPUS, needs_corpus

FILE = "csv_data/ollama_param_tuning.csv"
MODEL = "llama3.1:8b-instruct-q4_0"


@pytest.fixture(scope="module")
def tuning(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Each row of the file a trial: 4 values of num_gpu, 3 of num_ctx, 3 of temperature, once each."""
    store = Store(tmp_path_factory.mktemp("corpus"))
    ingest.ingest_folder(store, Path(CORPUS))
    rows = store.read_table("measurements").query("file == @FILE and model == @MODEL and metric == 'decode_tok_s'")
    trials = [
        Observed(
            model=MODEL,
            params=ParamSet.model_validate(json.loads(row.params)),
            state="measured",
            repeats=1,
            values={"throughput_tok_s": [row.value]},
        )
        for row in rows.itertuples()
    ]
    return compare(trials, Goals(want={"throughput_tok_s": 1}), datetime.now(UTC))


@needs_corpus
def test_num_gpu_has_no_detectable_effect(tuning: Comparison) -> None:
    assert len(tuning.trials) == 36
    [effect] = [each for each in tuning.effects if each.parameter == "num_gpu" and each.interaction is None]
    assert not effect.detected
    assert len(effect.levels) == 4
    assert effect.detectable is not None and effect.detectable < 0.02
    assert effect_words(effect).startswith("num_gpu has no detectable effect on decode throughput; an effect of ")


@needs_corpus
def test_no_trial_is_ranked_that_ran_once(tuning: Comparison) -> None:
    assert {of.rank for standing in tuning.standings.values() for of in standing.values()} == {None}
    assert "no test can tell how sure that is: one round can't tell" in tuning.recommendation.why
