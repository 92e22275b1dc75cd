from chimera_dagster.ingest.context import json_of
from chimera_dagster.spec.trial import ParamSet


def test_parameters_are_written_as_a_parameter_set_writes_them():
    params = {"num_gpu": 80, "num_ctx": 2048, "temperature": 1.0, "top_p": 0.9, "top_k": 40, "repeat_penalty": 1.1}
    assert json_of(tuple(sorted(params.items()))) == ParamSet(**params).canonical()
