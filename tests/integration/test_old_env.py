"""A `.env`, or a DAGSTER_HOME, that names a folder which is gone: every command says so, and how to fix it."""

import pytest

from tests.conftest import Project


@pytest.mark.parametrize("verb", ["doctor", "sweep", "ui"])
def test_a_dagster_home_that_is_gone_is_named_with_the_fix(project: Project, verb: str) -> None:
    gone = project.path / "gone"
    (project.path / ".env").write_text(f'DAGSTER_HOME="{gone}"\n')
    by_file = project.forked(verb)
    (project.path / ".env").unlink()
    by_variable = project.forked(verb, DAGSTER_HOME=str(gone))
    for command, source, fix in (
        (by_file, ".env sets DAGSTER_HOME to", "delete .env and run 'make setup'"),
        (by_variable, "DAGSTER_HOME names", "unset DAGSTER_HOME"),
    ):
        output = command.stdout + command.stderr
        assert command.returncode == (1 if verb == "doctor" else 2), output
        assert f"{source} the folder {gone}, which does not exist" in output
        assert fix in output
        assert "Traceback" not in output
    assert not gone.exists()
    assert not (project.data / "dagster_home").exists()
