import pytest

from chimera_dagster.ingest.roles import role_of, role_under


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("run", "identifier"),
        ("prompt_index", "identifier"),
        ("max_tokens_asked", "condition"),
        ("num_ctx", "parameter"),
        ("temp", "parameter"),
        ("Model Tag", "context"),
        ("error", "error"),
        ("options", "attached"),
        ("eval_count", "number"),
        ("ttft_ms_count", "identifier"),
        ("options.top_p", "parameter"),
        ("run_status", "status"),
        ("system.memory_gb", "identifier"),
    ],
)
def test_roles(name, role):
    assert role_of(name)[0] == role


def test_what_a_machine_has_is_not_what_a_run_used():
    assert role_under("memory_gb", "system")[0] == "identifier"
    assert role_under("memory_gb", "")[0] == "number"
    assert role_under("memory_used_gb", "system")[0] == "number"
    assert role_under("memory_percent", "system")[0] == "number"


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Prompt (t/s)", "number"),
        ("GPU (MiB)", "number"),
        ("Prompt", "context"),
        ("GPU", "context"),
        ("Date (s)", "context"),
    ],
)
def test_a_unit_in_brackets_makes_a_name_that_of_a_number(name, role):
    assert role_of(name)[0] == role
