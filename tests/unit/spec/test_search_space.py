"""Where a search may look, and what is refused."""

import pytest
from pydantic import ValidationError

from chimera_dagster.spec.search_space import Axis
from chimera_dagster.spec.sweep import SweepSpec


def axes(search: dict[str, object], **fields: object) -> dict[str, Axis]:
    return SweepSpec.model_validate({"models": ["a", "b", "a"], "search": search} | fields).search_axes()


def test_a_range_has_all_values_of_its_step() -> None:
    found = axes({"temperature": {"low": 0.1, "high": 0.75, "step": 0.2}, "num_ctx": {"low": 2048, "high": 5000}})
    assert found["temperature"] == Axis([0.1, 0.3, 0.5, 0.7], 0.2)
    assert found["num_ctx"] == Axis([2048, 3072, 4096], 1024)
    assert all(isinstance(value, int) for value in found["num_ctx"].values)


def test_choices_are_taken_once_and_what_is_not_named_is_of_the_grid() -> None:
    found = axes({"top_k": [40, None, 20, 40]}, grid={"num_ctx": [4096, 2048], "top_k": [1]})
    assert found["top_k"] == Axis([40, None, 20])
    assert found["num_ctx"] == Axis([4096, 2048])
    assert found["top_p"] == Axis([None])
    assert found["model"] == Axis(["a", "b"])


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"temperature": {"low": 1.0, "high": 1.0}}, "low must be below high"),
        ({"temperature": {"low": 0.0, "high": 9.0}}, "less than or equal to 5"),
        ({"num_ctx": {"low": 100, "high": 4096}}, "greater than or equal to 256"),
        ({"num_ctx": {"low": 2048, "high": 4096.5, "step": 0.5}}, "valid integer"),
        ({"top_p": {"low": 0.1, "high": 0.9, "step": 0.00001}}, "top_p has 80001 values from 0.1 to 0.9"),
        ({"top_p": {"low": 0.1, "high": 0.11}}, "top_p has 1 values"),
        ({"top_p": {"low": 0.1, "high": float("nan")}}, "finite"),
        ({"top_k": {"low": 1, "high": 9, "step": 0}}, "greater than 0"),
        ({"top_k": {"lo": 1, "high": 9}}, "lo"),
        ({"top_k": []}, "at least 1 item"),
        ({"top_k": [0.5]}, "valid integer"),
        ({"seed": [1]}, "seed"),
    ],
)
def test_an_illegal_space_is_refused(search: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        axes(search)


def test_the_schema_of_the_sweep_file_has_it() -> None:
    space = SweepSpec.model_json_schema()["$defs"]["SearchSpace"]["properties"]
    assert "low" in str(SweepSpec.model_json_schema()["$defs"][str(space["top_k"]).split("$defs/")[1].split("'")[0]])
