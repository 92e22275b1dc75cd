"""sweep.yaml: what it means, and errors that name the line and the field."""

import json
from pathlib import Path

import pytest

from chimera_dagster.errors import SpecError
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan, load_spec
from chimera_dagster.spec.trial import ParamSet

ROOT = Path(__file__).parents[3]
# A text of some lines that stands for 10 ** 20 values, and for as many keys.
BOMB = "[&a0 [1, 1], " + ", ".join(f"&a{place} [{', '.join([f'*a{place - 1}'] * 10)}]" for place in range(1, 21)) + "]"
MERGES = "[&b0 {x: 1}, " + ", ".join(f"&b{n} {{<<: [{', '.join([f'*b{n - 1}'] * 10)}]}}" for n in range(1, 21)) + "]"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sweep.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_demo_sweep_is_two_models_times_two_parameter_sets() -> None:
    spec = load_spec(ROOT / "sweep.yaml")
    assert [trial.key for trial in spec.trials()] == [
        "qwen2.5-coder:0.5b|c4k-t0.2-cec7",
        "qwen2.5-coder:0.5b|c4k-t0.8-0b42",
        "qwen2.5-coder:1.5b|c4k-t0.2-cec7",
        "qwen2.5-coder:1.5b|c4k-t0.8-0b42",
    ]


def test_the_demo_persona_is_the_default_persona() -> None:
    assert load_spec(ROOT / "sweep.yaml").agent == SweepSpec(models=["a"]).agent


def test_load_parameters_are_outermost_so_that_models_reload_least(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, "models: [b, a]\ngrid: {temperature: [0, 1], num_ctx: [512, 1024]}\n"))
    order = [(trial.model, trial.params.num_ctx, trial.params.temperature) for trial in spec.trials()]
    assert order == [(m, c, t) for m in "ba" for c in (512, 1024) for t in (0, 1)]


def test_partition_keys_are_those_of_the_trials_in_their_order(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, "models: [b, a, b]\ngrid: {temperature: [0, 1], num_ctx: [512, null]}\n"))
    keys = spec.partition_keys()
    assert [f"{model}|{key}" for model in keys["model"] for key in keys["params"]] == [t.key for t in spec.trials()]


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, "models: [a]\ngrid: {top_k: [1, null]}\nextra: [{top_p: 0.5}]\n"))
    for plan in spec.plans():
        assert TrialPlan.model_validate_json(plan.model_dump_json()) == plan


def test_extra_sets_join_the_grid_once(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, "models: [a]\ngrid: {top_k: [1, null]}\nextra: [{top_k: 1}, {top_p: 0.5}]\n"))
    assert spec.param_sets() == [ParamSet(top_k=1), ParamSet(), ParamSet(top_p=0.5)]


def test_the_hash_is_of_the_meaning_not_of_the_text(tmp_path: Path) -> None:
    first = load_spec(write(tmp_path, "models: [a]\nseed: 7\n")).content_hash()
    assert load_spec(write(tmp_path, "# a comment\nseed: 7\nmodels:\n  - a\n")).content_hash() == first
    assert load_spec(write(tmp_path, "models: [a]\nseed: 8\n")).content_hash() != first


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("models: [a]\nseed: 2026-02-30\n", "line 2, seed:", "valid integer"),
        ("models: [a]\nx: !!bool q\n", "line 2:", "not a value of the type bool"),
        ("models: [a]\nseed: !!int ''\n", "line 2:", "not a value of the type int"),
        ("models: [a]\nseed: !!timestamp 2026-02-30\n", "line 2:", "not a value of the type timestamp"),
        (f"models: [a]\nseed: {'9' * 5000}\n", "line 2:", "not a value of the type int"),
        ("models: [a]\nrepeats: 1:30\n", "line 2, repeats:", "valid integer"),
        ("models: [a]\nseed: yes\n", "line 2, seed:", "valid integer"),
        ("models: [a]\ngrid: {temperature: [on]}\n", "line 2, grid.temperature[0]:", "valid number"),
        ("models: [a]\nseed: true\n", "line 2, seed:", "valid integer"),
        ("models: [a]\n? [b]\n: 1\n", "line 2:", "a key must be a text"),
        ("models: [a]\nseed: \x01\n", "line 2:", "a character that YAML does not allow"),
        ("models: &a [*a]\n", "line 1:", "that it is in itself"),
        (f"models: [a]\nextra: {BOMB}\n", "line 2:", "more than 100,000 values"),
        (f"models: [a]\n<<: {MERGES}\n", "line 2:", "more than 100,000 values"),
        (f"models: {'[' * 5000}\n", "line 1:", "nested too deeply"),
        (
            f"models: [a]\ngrid: {{num_ctx: {[*range(256, 556)]}, top_k: {[*range(300)]}, num_gpu: {[*range(300)]}}}\n",
            "line 2, grid:",
            "27,000,000 parameter sets",
        ),
        ("models: [a b]\n", "line 1, models[0]:", "not a model tag"),
        (
            "models: [a]\ngrid:\n  temperature: [0.2,\n    9]\n",
            "line 4, grid.temperature[1]:",
            "less than or equal to 5",
        ),
        ("models: [a]\ngrid:\n  heat: [1]\n", "line 3, grid.heat:", "no such field"),
        ("models: [a]\nengine: vllm\n", "line 2, engine:", "'auto', 'embedded', 'ollama' or 'openai'"),
        ("models: [a]\nrepeats: 0\n", "line 2, repeats:", "greater than or equal to 1"),
        ("models: [a]\nmax_tokens: many\n", "line 2, max_tokens:", "valid integer"),
        ("models: [a]\ntimeouts: {total_s: -1}\n", "line 2, timeouts.total_s:", "greater than 0"),
        ("models: [a]\nextra:\n  - {num_ctx: 1}\n", "line 3, extra[0].num_ctx:", "greater than or equal to 256"),
        ("models: [a]\ngrid: {top_p: [.nan]}\n", "line 2, grid.top_p[0]:", "finite"),
        ("models: []\n", "line 1, models:", "at least 1 item"),
        ("seed: 1\n", "line 1, models:", "Field required"),
        ("models: [a]\nseed: 1\nseed: 2\n", "line 3:", "the key seed appears twice"),
        ("models: [a\nseed: 1\n", "line 2:", "expected"),
        ("just words\n", "line 1:", "a mapping"),
        ("", "line 1:", "a mapping"),
    ],
)
def test_an_error_names_the_file_the_line_and_the_field(tmp_path: Path, text: str, place: str, problem: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert f"{path}, {place}" in caught.value.message
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("max_tokens: 1e3", "max_tokens", 1000),
        ("max_tokens: 0x20", "max_tokens", 32),
        ("max_tokens: 1_000", "max_tokens", 1000),
        ("seed: 010", "seed", 10),
        ("cold: yes", "cold", True),
        ("cold: off", "cold", False),
        ("server_wait_s: 5.e-1", "server_wait_s", 0.5),
        ("models: [no, on, 1e3:2026-01-01]", "models", ["no", "on", "1e3:2026-01-01"]),
    ],
)
def test_a_value_is_what_a_person_means_by_it(tmp_path: Path, text: str, field: str, value: object) -> None:
    spec = load_spec(write(tmp_path, text if field == "models" else f"models: [a]\n{text}\n"))
    assert getattr(spec, field) == value


def test_of_many_problems_the_first_are_listed_and_a_long_value_is_cut(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(write(tmp_path, f"models: [{', '.join(['9'] * 999)}]\n"))
    lines = caught.value.message.split("\n")
    assert (len(lines), lines[-1]) == (21, "and 979 more problems")
    with pytest.raises(SpecError) as caught:
        load_spec(write(tmp_path, f"models: [a]\nseed: {'x' * 9999}\n"))
    assert len(caught.value.message) < 500


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no sweep file .*nowhere\.yaml"):
        load_spec(tmp_path / "nowhere.yaml")
    binary = tmp_path / "sweep.yaml"
    binary.write_bytes(b"\xff\xfe\x00models")
    with pytest.raises(SpecError, match=r"sweep\.yaml can't be read"):
        load_spec(binary)


def test_the_fingerprint_changes_with_the_question_and_the_data_alone() -> None:
    spec = SweepSpec(models=["a", "b"])
    plan = spec.plans()[0]
    same_question = SweepSpec(models=["a"], timeouts={"total_s": 5}).plans()[0]
    assert plan.fingerprint("data", "prompts") == same_question.fingerprint("data", "prompts")
    others = {
        plan.fingerprint("other data", "prompts"),
        plan.fingerprint("data", "other prompts"),
        SweepSpec(models=["a"], seed=8).plans()[0].fingerprint("data", "prompts"),
        spec.plans()[1].fingerprint("data", "prompts"),
    }
    assert len(others) == 4
    assert plan.fingerprint("data", "prompts") not in others


def test_a_field_that_is_gone_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"line 2, grounding: it is gone: .+; remove the line"):
        load_spec(write(tmp_path, "models: [a]\ngrounding: annotate\n"))


def test_a_plan_of_an_earlier_version_is_read_without_the_fields_that_are_gone() -> None:
    plan = SweepSpec(models=["a"]).plans()[0]
    old = json.loads(plan.model_dump_json())
    old["spec"] |= {"grounding": "strict"}
    del old["spec"]["revise"]
    assert TrialPlan.model_validate_json(json.dumps(old)) == plan


@pytest.mark.parametrize("wrong", ["2", "-1", "twice", "1.5"])
def test_a_report_is_revised_once_or_not_at_all(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SpecError, match="line 2, revise"):
        load_spec(write(tmp_path, f"models: [a]\nrevise: {wrong}\n"))
