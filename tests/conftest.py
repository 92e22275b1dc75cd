"""A small project in a folder of its own: real sample files, one real model, short answers."""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from unittest.mock import patch

import pytest

from chimera_dagster.engines.models import locate
from tests.forked import Forked, run_chimera

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
SPEC = """\
engine: embedded
models: [smollm2:135m]
grid: {num_ctx: [1024], temperature: [0.2, 1.0]}
max_tokens: 16
"""
SAMPLES = (
    "param_tuning/smollm2_135m_top_k_runs.csv",
    "param_tuning/smollm2_135m_top_k_summary.csv",
    "baselines/qwen2.5-coder_0.5b_baseline_runs.csv",
    "cold_start/smollm2_135m_cold_start_summary.json",
    "scaling/smollm2_135m_prompt_length.md",
)

# Markers of all tests of a folder or module; others stand on the test.
MARKERS = {
    "unit/orchestration": "dagster",
    "unit/cli/test_check.py": "dagster",
    "unit/cli/test_facts.py": "dagster",
    "integration": "dagster",
}

needs_corpus = pytest.mark.skipif(not CORPUS.exists(), reason="no corpus of real results lies beside the clone")


def pytest_itemcollected(item: pytest.Item) -> None:
    for path, marker in MARKERS.items():
        if item.path.is_relative_to(ROOT / "tests" / path):
            item.add_marker(marker)


def needs_model(tag: str) -> pytest.MarkDecorator:
    """Skips a test whose model is not on this machine: no test downloads one."""
    return pytest.mark.skipif(locate(tag) is None, reason=f"needs {tag}: chimera models get {tag}")


def pytest_configure() -> None:
    """The settings of a developer's shell change no test."""
    for name in [name for name in os.environ if name.startswith("CHIMERA_")]:
        del os.environ[name]


@pytest.fixture(autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Commands that are called in this process set variables for their child processes, which would stay for the next
    test; and the models that a developer has in Ollama change no test."""
    with patch.dict(os.environ, OLLAMA_MODELS=str(tmp_path_factory.getbasetemp() / "no-ollama-store")):
        yield


class Project:
    """Paths of a project folder, and the `chimera` command run in it as a user would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path / "data"
        self.reports = self.data / "reports"
        self.spec = path / "sweep.yaml"
        self.spec.write_text(SPEC)
        for name in SAMPLES:
            target = self.reports / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "data" / "reports" / name, target)
        shutil.copy(ROOT / "dagster.yaml", path)
        shutil.copy(ROOT / "workspace.yaml", path)

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
        # Sweeps of tests that run side by side would wait for one another, as they should on a host.
        leases, store = str(self.path / "leases"), str(self.path / "no-ollama-store")
        return kept | {"CHIMERA_LEASES_DIR": leases, "OLLAMA_MODELS": store} | changes

    def command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("chimera")), *arguments]

    def chimera(self, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments),
            cwd=self.path,
            env=self.environment(**(env or {})),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def fork(self, *arguments: str, **env: str) -> Forked:
        """`chimera` in a process that starts at once, and goes on while the test does."""
        return Forked(run_chimera, *arguments, folder=self.path, env=self.environment(**env))

    def forked(self, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """What `chimera()` gives, without the seconds that its start takes."""
        return self.fork(*arguments, **env).ended()

    def files(self) -> dict[str, bytes]:
        """Content of every file below `runs`."""
        return {str(p.relative_to(self.data)): p.read_bytes() for p in (self.data / "runs").rglob("*") if p.is_file()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for a module's tests, for what is costly to make and only read."""
    return Project(tmp_path_factory.mktemp("project"))
