"""Engines or quantizations of one model are compared even if no file names it."""

from pathlib import Path
from typing import Any

import pytest

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import write_csv
from tests.unit.notes.folders import Row, notes_of, runs
from tests.unit.notes.noted import notes_of as notes_of_folder

_VLLM = {"engine": "vllm", "concurrency": 8, "ttft_ms": 41, "tokens_per_s": 640}
_SGLANG = {"engine": "sglang", "concurrency": 8, "ttft_ms": 35, "tokens_per_s": 702}


def answers(rows: list[Row]) -> list[str]:
    [note] = notes_of(rows, section="answer")
    return [plain(note.whole(wording)) for wording in note.wordings]


def test_engines_of_a_model_that_is_not_named_are_compared(tmp_path: Path):
    write_csv(tmp_path / "r.csv", [_VLLM, _SGLANG])
    answer = notes_of_folder(tmp_path, "choice").only
    assert [plain(wording) for wording in answer.wordings] == [
        "Choose `sglang`: the model shows its first token soonest and decodes fastest with it. `r.csv` does not name "
        "the model.",
        "The model shows its first token soonest and decodes fastest with `sglang`; `r.csv` does not say which model "
        "that is.",
    ]
    assert answer.certainty == "plain"
    assert answer.scope.models == ()
    effects = notes_of_folder(tmp_path, "condition_effect")
    assert all("the unnamed model of `r.csv`" in text.replace("The", "the") for text in effects.texts)
    assert all(text.endswith("Whether that is more than chance was not tested.") for text in effects.texts)
    assert len(effects.notes) == 2


def test_another_engine_may_be_best_by_another_metric(tmp_path: Path):
    write_csv(tmp_path / "r.csv", [_VLLM, {**_SGLANG, "tokens_per_s": 540}])
    assert notes_of_folder(tmp_path, "choice").texts == [
        "Choose `sglang` if people wait for the first word, and `vllm` if answers are long. `r.csv` does not name the "
        "model."
    ]


def test_levels_of_a_named_model_that_cross_are_both_named():
    rows = runs("m", [90.0], backend="a", record="1") + runs("m", [40.0], backend="b", record="2")
    rows += runs("m", [300.0], "ttft_ms", backend="a", record="1") + runs(
        "m", [80.0], "ttft_ms", backend="b", record="2"
    )
    for text in answers(rows):
        assert "`backend=b`" in text and "`backend=a`" in text and "`m`" in text
        assert text.index("first token soonest") < text.index("decodes fastest")


def test_files_that_name_no_model_are_not_of_the_same_model():
    """Each may have measured another one."""
    rows = runs(None, [640.0], file="a.csv", backend="vllm") + runs(None, [702.0], file="b.csv", backend="sglang")
    assert notes_of(rows, kind="condition_effect") == []
    assert all("no file names" in text for text in answers(rows))


def test_rows_without_a_model_of_a_file_that_names_one_stay_out():
    """They may be of that model or not."""
    rows = runs(None, [640.0], backend="vllm") + runs(None, [702.0], backend="sglang") + runs("m", [60.0])
    assert notes_of(rows, kind="condition_effect") == []
    assert "`sglang`" not in answers(rows)[0]


@pytest.mark.parametrize("name", ["concurrency", "prompt_tokens"])
def test_loads_of_a_model_that_is_not_named_are_not_a_choice(name: str):
    levels: list[dict[str, Any]] = [{name: 1}, {name: 8}]
    rows = runs(None, [640.0], record="1", **levels[0]) + runs(None, [702.0], record="2", **levels[1])
    assert "Choose" not in answers(rows)[0]


def test_files_called_by_their_settings_are_of_the_same_model():
    rows = []
    for quant, values in (("awq", [80.0, 81.0, 79.0]), ("fp8", [80.5, 80.0, 79.5]), ("bf16", [31.0, 30.0, 30.5])):
        for load, share in ((1, 1.0), (8, 0.5)):
            file, values_of = f"out/{quant}_{load}.json", [share * value for value in values]
            rows += runs(None, values_of, file=file, record="/", quantization=quant, concurrency=load)
    for place, row in enumerate(rows):
        row["record"] = f"/raw/{place}"
    [text] = {answer.partition(":")[0] for answer in answers(rows) if answer.startswith("Choose")}
    assert text == "Choose one of `quantization=fp8` and `quantization=awq`"
    assert any("6 files in `out` do not name the model" in answer for answer in answers(rows))
