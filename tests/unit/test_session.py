"""What a session of fast unit tests imports."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

SESSION = """
import sys, pytest
code = pytest.main(sys.argv[1:])
print(sorted({name.partition(".")[0] for name in sys.modules} & {"dagster", "xllamacpp"}))
sys.exit(code)
"""
FAST = ["--ignore=tests/unit/orchestration", "-m", "not slow and not dagster and not model and not browser"]


@pytest.mark.slow
def test_the_fast_unit_tests_import_neither_dagster_nor_llama_cpp() -> None:
    """Every module is collected, few tests are run: of what a test imports while it runs, conftest.py takes care."""
    command = [sys.executable, "-c", SESSION, "tests/unit", *FAST, "-k", "test_lanes", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
