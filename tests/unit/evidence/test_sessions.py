import pandas as pd
import pytest

from chimera_dagster.evidence.sessions import sessions_of_files, sessions_of_runs


def runs(*rows):
    """Of rows (file, labels, model); the other columns are those of one setting."""
    frame = pd.DataFrame(rows, columns=["file", "labels", "model"])
    frame = frame.assign(params="{}", conditions="{}", backend="x", gpu="y")
    return frame.astype("category")


def sessions(*rows):
    frame = runs(*rows)
    return sessions_of_runs(frame, sessions_of_files(frame["file"].cat.categories)).tolist()


def test_a_file_is_a_session():
    found = sessions_of_files(["b.csv", "a.csv", "c/a.csv"])
    assert len(set(found.values())) == 3


@pytest.mark.parametrize(
    "paths",
    [
        ["20251002-151824/runs.csv", "20251002-151824/more.csv"],
        ["a_2025-10-02T15-18-24.json", "b_2025-10-02T15-18-24.json"],
        ["baseline_1759275507.json", "tuning_1759275507.json"],
    ],
)
def test_files_that_were_started_at_the_same_time_are_one_session(paths):
    assert len(set(sessions_of_files(paths).values())) == 1


def test_files_of_another_time_or_day_alone_are_sessions_of_their_own():
    paths = ["a_20251002-151824.json", "a_20251002-151825.json", "2025-10-02/a.json", "2025-10-02/b.json"]
    assert len(set(sessions_of_files(paths).values())) == 4


def test_files_of_one_request_each_are_one_session():
    rows = [(f"run/request_{number}.json", "{}", "m:1") for number in range(12)]
    assert len(set(sessions(*rows))) == 1
    two = [(f"run/request_{number // 2}.json", "{}", "m:1") for number in range(12)]
    assert len(set(sessions(*two))) == 6


def test_rounds_in_which_every_model_takes_part_are_sessions():
    rows = [("a.csv", f'{{"round":{number}}}', model) for number in range(3) for model in ("m:1", "n:1")]
    assert sessions(*rows) == [1, 1, 2, 2, 3, 3]


def test_rounds_of_one_model_after_the_other_are_repeats():
    rows = [("a.csv", f'{{"round":{number}}}', model) for model in ("m:1", "n:1") for number in range(3)]
    assert len(set(sessions(*rows))) == 1
    alone = [(f"{model}.csv", f'{{"round":{number}}}', model) for model in "mn" for number in range(3)]
    assert len(set(sessions(*alone))) == 2


def test_a_number_of_the_run_is_no_round():
    rows = [("a.csv", f'{{"run":{number}}}', model) for number in range(3) for model in ("m:1", "n:1")]
    assert len(set(sessions(*rows))) == 1
