"""What is recorded of the machine, the repository and the variables; and what is not."""

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from chimera_dagster.measure import environment
from chimera_dagster.measure.environment import Environment, capture, result_variables
from tests.unit.measure.fake_nvml import FakeGpu, FakeNvml


def git(folder: Path, *arguments: str) -> str:
    config = ("-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false")
    command = ["git", *config, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_this_machine() -> None:
    found = capture()
    assert (found.host, found.cores) == (os.uname().nodename, psutil.cpu_count())
    assert found.memory_total_mib == pytest.approx(psutil.virtual_memory().total / 2**20)
    assert found.kernel and found.kernel in found.os
    assert {"chimera_dagster", "httpx", "nvidia-ml-py", "xllamacpp"} <= set(found.packages)
    assert bool(found.gpus) == (found.gpu_reason is None)
    assert Environment.model_validate_json(found.model_dump_json()) == found


def test_gpus_and_their_driver() -> None:
    found = capture(FakeNvml(FakeGpu("GPU-a")))
    assert (found.gpu_driver, found.gpu_cuda, found.gpu_reason) == ("570.1", "12.8", None)
    assert [(gpu.uuid, gpu.power_limit_w) for gpu in found.gpus] == [("GPU-a", 350)]


def test_the_record_of_an_earlier_version_can_be_read() -> None:
    names = ("os", "python", "cpu", "cores", "memory_total_mib", "packages", "gpus", "gpu_driver", "gpu_reason")
    earlier = {name: value for name, value in capture().model_dump().items() if name in names}
    earlier["gpus"] = [{"name": "x", "uuid": "GPU-a", "memory_total_mib": 1.0, "memory_used_mib": 0.5}]
    found = Environment.model_validate_json(json.dumps(earlier))
    assert (found.host, found.git_commit, found.variables, found.gpus[0].power_limit_w) == (None, None, {}, None)


def test_commit_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    def recorded() -> tuple[str | None, bool | None]:
        found = capture()
        return found.git_commit, found.git_dirty

    assert recorded() == (None, None)
    git(tmp_path, "init")
    assert recorded() == (None, False)
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-m", "first")
    (tmp_path / "untracked").write_text("2")
    assert recorded() == (git(tmp_path, "rev-parse", "HEAD"), False)
    (tmp_path / "a").write_text("2")
    assert recorded() == (git(tmp_path, "rev-parse", "HEAD"), True)


@pytest.mark.parametrize(
    "failure",
    [FileNotFoundError("git"), subprocess.TimeoutExpired("git", 5), subprocess.CalledProcessError(128, "git")],
)
def test_a_git_that_fails_fails_nothing(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise failure

    broken = SimpleNamespace(run=fail, SubprocessError=subprocess.SubprocessError)
    monkeypatch.setattr(environment, "subprocess", broken)
    assert (capture().git_commit, capture().git_dirty) == (None, None)


def test_variables_that_change_results_without_secrets() -> None:
    kept = {
        "CHIMERA_DATA_DIR": "/data/smollm2@135m",
        "CUDA_VISIBLE_DEVICES": "0",
        "GOMP_SPINCOUNT": "3000",
        "OLLAMA_KEEP_ALIVE": "5m",
        "OMP_NUM_THREADS": "4",
    }
    left_out = {
        "OLLAMA_API_KEY": "k",
        "CHIMERA_TOKEN": "t",
        "CHIMERA_Secret": "s",
        "OLLAMA_PASSWORD": "p",
        "HOME": "/root",
        "MY_OLLAMA_HOST": "x",
    }
    assert result_variables(left_out | kept) == kept


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("https://user:pass@host:1/v1", "https://***host:1/v1"),
        ("https://tokenonly@host/v1", "https://***host/v1"),
        ("user:pass@host:1", "***host:1"),
        ("https://host/v1?api_key=abc&x=1", "https://host/v1***"),
    ],
)
def test_an_address_tells_no_password(value: str, shown: str) -> None:
    assert result_variables({"OLLAMA_HOST": value}) == {"OLLAMA_HOST": shown}
