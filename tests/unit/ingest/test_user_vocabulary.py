"""A user's own names: what they change, how they are found, and what is wrong with a file says its line."""

import os

import pytest

from chimera_dagster.errors import SpecError
from chimera_dagster.ingest import pool
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.user_vocabulary import user_file
from chimera_dagster.ingest.vocabulary import use_file
from chimera_dagster.settings import Settings, load_settings

NAMES = """
metrics:
  decode_tok_s: {names: {Gen Spd: tok/s}}
  ttft_ms: {names: {first_word_s: null}}
  fan_pct: {unit: "%", names: {fan_id: "%"}}
conditions: {concurrency: [lanes_open], cooling: [cooler]}
context: {model: [brain]}
labels: [lap]
"""
RUNS = "brain,lap,Gen Spd,mean first_word_s,fan_id,lanes_open,cooler\na:1b,1,33,0.5,40,4,air\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "runs.csv").write_text(RUNS)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    use_file(None)


def read(project):
    return read_in_memory(project / "reports").measurements


def test_the_names_of_a_file_beside_the_sweep_file(project):
    (project / "vocabulary.yaml").write_text(NAMES)
    rows = read(project).set_index("metric")
    assert rows[["value", "unit"]].to_dict("index") == {
        "decode_tok_s": {"value": 33.0, "unit": "tok/s"},
        "ttft_ms": {"value": 500.0, "unit": "ms"},
        "fan_pct": {"value": 40.0, "unit": "%"},
    }
    assert rows.loc["ttft_ms", "aggregate"] == "mean"
    assert set(rows["model"]) == {"a:1b"}
    assert set(rows["labels"]) == {'{"lap":1}'}
    assert set(rows["conditions"]) == {'{"concurrency":4,"cooling":"air"}'}


def test_without_it_the_numbers_keep_their_names_and_are_listed_as_unread(project):
    tables = read_in_memory(project / "reports")
    assert set(tables.measurements["metric"]) >= {"Gen Spd", "lap"}
    assert '"Gen Spd": 1' in tables.files.loc[0, "unread"]


def test_a_change_of_the_file_counts_at_once_and_so_does_its_end(project):
    own = project / "vocabulary.yaml"
    own.write_text("metrics: {decode_tok_s: {names: {gen_spd: tok/s}}}\n")
    assert "decode_tok_s" in set(read(project)["metric"])
    own.write_text("metrics: {prefill_tok_s: {names: {gen_spd: tok/s}}}\n")
    assert "prefill_tok_s" in set(read(project)["metric"])
    own.unlink()
    assert "Gen Spd" in set(read(project)["metric"])


def test_processes_that_read_files_know_it_too(project, monkeypatch):
    monkeypatch.setattr(pool, "_POOL_FILES", 2)
    monkeypatch.setattr(pool, "_CHUNK_FILES", 1)
    monkeypatch.setattr(pool, "cores", lambda: 2)
    (project / "reports" / "more.csv").write_text(RUNS.replace("33", "34"))
    (project / "vocabulary.yaml").write_text(NAMES)
    rows = read(project)
    assert sorted(rows.loc[rows["metric"] == "decode_tok_s", "value"]) == [33, 34]


def test_which_file_it_is(project, monkeypatch):
    assert user_file(load_settings()) is None
    (project / "sweep.yaml").write_text("models: [a]\nvocabulary: names/own.yaml\n")
    assert str(user_file(load_settings())) == "names/own.yaml"
    monkeypatch.setenv("CHIMERA_VOCABULARY", "other.yaml")
    assert str(user_file(load_settings())) == "other.yaml"
    with pytest.raises(SpecError, match=r"other\.yaml can't be read"):
        read(project)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("metrics: {a_metric: {names: {x: ms}}}", "metrics.a_metric.unit: expected ms, tok/s"),
        ("metrics: {ttft_ms: {unit: s, names: {x: ms}}}", "metrics.ttft_ms.unit: expected ms."),
        ("metrics: {ttft_ms: {names: {x: tok/s}}}", "metrics.ttft_ms.names.x: the unit must be one of "),
        ("metrics: {ttft_ms: {names: {wait: null}}}", "names.wait: the name does not end in a unit; give it one of "),
        ("parameters: {num_cpu: [x]}", "parameters.num_cpu: expected one of num_gpu, num_ctx"),
        ("metric: {}", "line 1, metric: there is no such field"),
        ("labels: 3", "line 1, labels: Input should be a valid list"),
        ("- a", "line 1: expected a mapping with 'metrics'"),
        ("labels: [", "line 1"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path, text, problem):
    path = tmp_path / "vocabulary.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as error:
        use_file(path)
    assert str(path) in error.value.message
    assert problem in error.value.message


def test_a_name_of_the_user_wins_over_the_packaged_one(tmp_path):
    path = tmp_path / "vocabulary.yaml"
    path.write_text("metrics: {prefill_tok_s: {names: {tps: tok/s}}}\nlabels: [ttft_ms]\n")
    use_file(path)
    try:
        assert meaning("tps").metric == "prefill_tok_s"
        assert meaning("Avg TPS").aggregate == "mean"
        assert role_of("TTFT (ms)")[0] == "number"  # another name: its unit is in brackets
        assert role_of("ttft_ms")[0] == "identifier"
    finally:
        use_file(None)
    assert meaning("tps").metric == "decode_tok_s"
    assert Settings().vocabulary is None


@pytest.mark.parametrize("value", ["2026-02-30", "!!bool q", "!!int ''"])
def test_a_sweep_file_that_yaml_can_not_read_names_no_vocabulary(project, value):
    (project / "sweep.yaml").write_text(f"seed: {value}\n")
    assert user_file(load_settings()) is None
    assert set(read(project)["metric"]) >= {"Gen Spd"}


@pytest.mark.parametrize("name", ["a\\0b", "a" * 5000], ids=["a null byte", "too long"])
def test_a_name_that_no_file_can_have_is_one_error(project, name):
    (project / "sweep.yaml").write_text(f'vocabulary: "{name}"\n')
    with pytest.raises(SpecError, match="can't be read"):
        read(project)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("root:x:0:0:SECRET:/root:/bin/sh\n", "line 1: expected a mapping"),
        ("key: v\nSECRET\n", "line 3: could not find expected"),
        ("key: *SECRET\n", "line 1: found undefined alias."),
        ("key: !SECRET x\n", "line 1: could not determine a constructor for the tag."),
        ('{"private_key": "SECRET"}', "line 1, private_key: there is no such field."),
        ("labels: SECRET\n", "line 1, labels: Input should be a valid list."),
        ("metrics: {ttft_ms: {unit: SECRET, names: {}}}\n", "metrics.ttft_ms.unit: expected ms."),
        ("metrics: {ttft_ms: {names: {a: SECRET}}}\n", "metrics.ttft_ms.names.a: the unit must be one of"),
    ],
)
def test_an_error_repeats_nothing_of_the_file_but_names_of_fields(tmp_path, content, line):
    path = tmp_path / "foreign"
    path.write_text(content)
    with pytest.raises(SpecError) as error:
        use_file(path)
    assert line in f"{error.value.message}."
    assert "SECRET" not in str(error.value)


def test_a_pipe_as_sweep_file_names_no_vocabulary_and_is_not_waited_for(project):
    os.mkfifo(project / "sweep.yaml")
    assert user_file(load_settings()) is None
