"""What can't be read is not called missing, and a folder that is mostly unread says so before anything else."""

import json
from pathlib import Path

import pytest

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings

_UNREAD = {
    "GPU memory": "vramPeak_q",
    "power": "avg_watts_q",
    "quality": "answer_score_q",
    "time to first token": "first_token_q",
}


def said(tmp_path: Path, **more: object) -> list[str]:
    rows = [{"model": name, "tokens_s": value, **more} for name, value in (("a:1b", "50"), ("b:1b", "60"))]
    write_csv(tmp_path / "a_runs.csv", rows)
    return wordings(notes_of(tmp_path, "not_measured").only)


@pytest.mark.parametrize("what", _UNREAD)
def test_what_an_unread_name_may_stand_for_is_not_called_missing(what: str, tmp_path: Path):
    name = _UNREAD[what]
    for text in said(tmp_path, **{name: "3"}):
        merely, behind = text.split(f"{what[0].upper()}{what[1:]} may be in the files ")
        assert what not in merely and "were found" in merely
        assert behind.startswith(f"under `{name}`, a name that nothing here knows; ")
        assert "`chimera vocabulary suggest`" in behind


def test_it_is_not_advised_to_be_recorded_either(tmp_path: Path):
    said(tmp_path, answer_score_q="3")
    [text] = notes_of(tmp_path, "record_missing").texts
    assert "score" not in text and "power" in text


def test_another_unread_name_changes_nothing(tmp_path: Path):
    assert all("may be in the files" not in text and "quality" in text for text in said(tmp_path, xyzzy="3"))


@pytest.mark.parametrize(("name", "may_be"), [("context", False), ("context_q", True), ("maxContext", True)])
def test_the_tokens_of_a_conversation_are_not_its_length(name: str, may_be: bool, tmp_path: Path):
    answer = {"response": "Yes.", "done": True, "total_duration": 2_000_000_000, "load_duration": 1_000_000}
    answer |= {"prompt_eval_count": 9, "prompt_eval_duration": 90_000_000}
    answer |= {"eval_count": 50, "eval_duration": 1_000_000_000}
    for model in ("a:1b", "b:1b"):
        named = {"model": model, "created_at": "2026-05-01T10:00:00Z"}
        (tmp_path / f"{model[0]}.json").write_text(json.dumps(named | answer | {name: [151, 644, 872]}))
    noted = notes_of(tmp_path, "not_measured")
    assert all(json.loads(unread).get(name) == 3 for unread in noted.files["unread"])
    for text in wordings(noted.only):
        assert ("Long contexts may be in the files" in text) == may_be
        assert ("long contexts" in text) != may_be


def test_memory_that_may_not_be_of_the_gpu_is_not_denied(tmp_path: Path):
    for text in said(tmp_path, peakMem_MB="3"):
        assert "GPU memory" in text


def test_a_folder_of_unknown_metrics_lacks_nothing_that_could_be_named(tmp_path: Path):
    write_csv(tmp_path / "a.csv", [{"name": "x", "foo": 3, "bar": 4}])
    [text] = notes_of(tmp_path, "not_measured").texts
    assert text.endswith("so it can't say what was not measured.")


def test_if_most_is_unread_that_is_said_behind_a_choice(tmp_path: Path):
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, one=1, two=2, three=3), run("b:1b", 90, 80, one=1, two=2)])
    [text] = notes_of(tmp_path, "mostly_unread").texts
    assert notes_of(tmp_path, "choice").only.weight > notes_of(tmp_path, "mostly_unread").only.weight
    assert text.startswith("Most of these numbers could not be read: nothing here knows the names of 5 of 9 numbers: ")
    assert "`one` (2), `two` (2) and `three` (1)" in text and "`chimera vocabulary suggest`" in text


def test_if_nothing_is_read_that_comes_first(tmp_path: Path):
    write_csv(tmp_path / "a.csv", [{"name": "x", "foo": 3, "bar": 4}])
    [text] = notes_of(tmp_path, "mostly_unread").texts
    assert text.startswith("None of these numbers could be read: ")
    assert notes_of(tmp_path, "choice").only.weight < notes_of(tmp_path, "mostly_unread").only.weight


def test_if_most_is_read_it_does_not(tmp_path: Path):
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, one=1), run("b:1b", 90, 80, one=1)])
    assert notes_of(tmp_path, "mostly_unread").notes == []


def test_models_without_a_value_to_compare_by_are_named(tmp_path: Path):
    write_csv(tmp_path / "a.csv", [{"model": "m", "power_w": 200}, {"model": "n", "power_w": 210}])
    for text in wordings(notes_of(tmp_path, "choice").only):
        assert "`m` and `n`" in text and "no metric that models are compared by was read" in text


def test_models_whose_values_contradict_each_other_are_named(tmp_path: Path):
    rows = [{"model": "m", "decode_tok_s_mean": value} for value in (50, 90)]
    write_csv(tmp_path / "a.csv", rows)
    for text in wordings(notes_of(tmp_path, "choice").only):
        assert "no file names" not in text.lower() and "`m`" in text


def test_if_settings_of_one_model_are_compared_that_comes_first(tmp_path: Path):
    rows = [
        run("a:1b", rate, 80, quantization=name, one=1, two=2, three=3, four=4, five=5)
        for name, rate in (("Q4_0", 50), ("Q8_0", 30))
    ]
    write_csv(tmp_path / "a_runs.csv", rows)
    unread = notes_of(tmp_path, "mostly_unread").only
    assert (unread.section, notes_of(tmp_path, "choice").only.section) == ("not_measured", "answer")
