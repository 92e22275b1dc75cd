"""Keys of trials: readable, stable, and never the same for two different trials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chimera_dagster.spec.trial import ParamSet, check_model_tag, load_order, model_slug

PARAM_SETS = st.builds(
    ParamSet,
    num_gpu=st.none() | st.integers(-1, 999),
    num_ctx=st.none() | st.integers(256, 1_048_576),
    temperature=st.none() | st.floats(0, 5),
    top_p=st.none() | st.floats(0.01, 1),
    top_k=st.none() | st.integers(0, 100_000),
    repeat_penalty=st.none() | st.floats(0.01, 10),
)


@pytest.mark.parametrize(
    ("params", "key"),
    [
        (ParamSet(), "default-4413"),
        (ParamSet(num_ctx=4096, temperature=0.2), "c4k-t0.2-cec7"),
        (ParamSet(num_gpu=80, num_ctx=2048, temperature=1), "g80-c2k-t1-5578"),
        (ParamSet(num_gpu=999, num_ctx=131072, temperature=0.75, top_p=0.95), "g999-c128k-"),
    ],
)
def test_the_key_is_readable_and_does_not_change(params: ParamSet, key: str) -> None:
    assert params.key.startswith(key)


@given(PARAM_SETS)
def test_a_key_fits_the_plots_of_the_ui_and_breaks_no_partition_key(params: ParamSet) -> None:
    assert len(params.key) <= 20
    assert not set(params.key) & set("|,[]/ ")


@given(PARAM_SETS)
def test_whole_numbers_and_floats_that_are_equal_have_one_key(params: ParamSet) -> None:
    again = ParamSet.model_validate_json(params.model_dump_json())
    assert (again, again.key) == (params, params.key)


def test_an_int_for_a_float_changes_nothing() -> None:
    assert ParamSet(temperature=1).key == ParamSet(temperature=1.0).key


@pytest.mark.parametrize(
    "options",
    [
        {"num_ctx": 0},
        {"temperature": -1},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"top_p": 1.5},
        {"repeat_penalty": 0},
        {"num_gpu": -2},
        {"nonsense": 1},
    ],
)
def test_a_value_out_of_range_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        ParamSet.model_validate(options)


def test_the_configuration_line_names_every_parameter() -> None:
    line = "num_gpu=80, num_ctx=2048, temp=1, top_p=default, top_k=default, repeat_penalty=default"
    assert str(ParamSet(num_gpu=80, num_ctx=2048, temperature=1)) == line


@pytest.mark.parametrize("more", [{}, {"top_k": 40}, {"temperature": 0.123456789, "top_p": 0.987654321}])
@pytest.mark.parametrize("num_ctx", [None, 256, 1000, 2048, 1_048_575, 1_048_576])
@pytest.mark.parametrize("num_gpu", [None, -1, 0, 8, 999])
def test_the_load_order_can_be_read_from_every_key(
    num_gpu: int | None, num_ctx: int | None, more: dict[str, float]
) -> None:
    params = ParamSet.model_validate({"num_gpu": num_gpu, "num_ctx": num_ctx, **more})
    assert load_order(params.key) == (-2 if num_gpu is None else num_gpu, num_ctx or 0)


@pytest.mark.parametrize(
    "tag", ["gemma3", "gemma3:270m", "hf.co/org/model:Q4_K_M", "localhost:5000/a/b:c", "file:/m/model.gguf"]
)
def test_legal_tags_stay_as_they_are(tag: str) -> None:
    assert check_model_tag(tag) == tag
    assert "/" not in model_slug(tag)


@pytest.mark.parametrize(
    "tag", ["", "a b", "a|b", "a,b", "a[b]", "../up", "a:b:c", "file:/m/model.bin", "a...b", "a\n"]
)
def test_illegal_tags_are_refused(tag: str) -> None:
    with pytest.raises(ValueError, match=r"is not a model tag|must be file:"):
        check_model_tag(tag)


def test_slugs_of_different_tags_differ() -> None:
    tags = ["a-b:c", "a:b-c", "a/b:c", "a-b/c", "file:/x/m.gguf", "file:/y/m.gguf"]
    assert len({model_slug(tag) for tag in tags}) == len(tags)
