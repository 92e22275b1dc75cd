import pytest

from chimera_dagster.ingest.context import condition_of, json_of
from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.spec.trial import ParamSet
from tests.unit.ingest.reading import read


def test_parameters_are_written_as_a_parameter_set_writes_them():
    params = {"num_gpu": 80, "num_ctx": 2048, "temperature": 1.0, "top_p": 0.9, "top_k": 40, "repeat_penalty": 1.1}
    assert json_of(tuple(sorted(params.items()))) == ParamSet(**params).canonical()


def test_a_label_names_the_model_of_a_record_that_does_not():
    text = "test_name,run_name,ttft_ms\nlynx-7b llama.cpp Q4_K_M,a,31\nwarm start,b,32\n"
    assert read(read_csv, text).values("model", "value") == [("lynx-7b", 31), (None, 32)]
    named = "model,label,ttft_ms\nelk-8b,as lynx-7b,31\n"
    assert read(read_csv, named).values("model", "value") == [("elk-8b", 31)]


@pytest.mark.parametrize(
    ("cell", "value"), [("-fa 1", 1), ("--kv-type=q8_0", "q8_0"), ("-1", -1), ("- none", "- none")]
)
def test_a_flag_as_it_is_given_to_a_command_is_its_value(cell, value):
    assert condition_of(cell) == value
