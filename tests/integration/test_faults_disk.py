"""A data folder that is full or read-only, really: file systems that are mounted where only the commands see them."""

import shutil
import subprocess

import pytest

from tests.conftest import Project
from tests.integration.aftermath import NOTHING, half_written
from tests.integration.sweeping import Sweeping, sweeping_in


def _may_mount() -> bool:
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return (
        shutil.which("unshare") is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


pytestmark = pytest.mark.skipif(not _may_mount(), reason="this user may not mount file systems, not even for itself")
# The data folder on a small disk that is full, then has a little room, then all; `full` and `short` are looks at it.
_FULL = """\
set -e
cp -a data seed
mount -t tmpfs -o size=24m none data
cp -a seed/. data/
dd if=/dev/zero of=data/filler bs=4k 2>/dev/null || true
set +e
"$CHIMERA" sweep 2>full.err; echo $?
cp -a data full
truncate -s -400k data/filler
"$CHIMERA" sweep 2>short.err; echo $?
cp -a data short
rm data/filler
"$CHIMERA" sweep 2>free.err; echo $?
cp -a data free
"""
_READ_ONLY = """\
set -e
mount --bind data data
mount -o remount,ro,bind data
set +e
"$CHIMERA" sweep; echo $?
"""


def in_namespace(sweeping: Sweeping, script: str) -> "subprocess.CompletedProcess[str]":
    project = sweeping.project
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=project.path,
        env=project.environment(OLLAMA_HOST=sweeping.stub.url, CHIMERA=project.command()[0]),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_full_disk_is_said_in_a_sentence_and_the_sweep_goes_on_once_there_is_room(project: Project) -> None:
    with sweeping_in(project) as sweeping:
        plans = sweeping.trials(range(1, 4))
        done = in_namespace(sweeping, _FULL)
    said = {name: (project.path / f"{name}.err").read_text() for name in ("full", "short", "free")}
    assert [line for line in done.stdout.splitlines() if line.isdecimal()] == ["1", "1", "0"], said
    assert "Error: No space left on device: " in said["full"]
    assert "Free some space, then start it again" in said["full"]
    for name, words in said.items():
        assert "Traceback" not in words
        assert half_written(project.path / name) == []
    shutil.rmtree(project.data)
    (project.path / "free").rename(project.data)
    assert sweeping.aftermath(plans) == NOTHING


def test_a_read_only_folder_is_said_in_a_sentence(project: Project) -> None:
    with sweeping_in(project) as sweeping:
        plans = sweeping.trials(range(1, 3))
        done = in_namespace(sweeping, _READ_ONLY)
        assert done.stdout.splitlines() == ["1"]
        assert "Error: Read-only file system: " in done.stderr
        assert "Make it writable for this user, or set CHIMERA_DATA_DIR" in done.stderr
        assert "Traceback" not in done.stderr
        found = sweeping.aftermath(plans)
    assert found == NOTHING._replace(lost=[plan.trial.key for plan in plans])
    assert sweeping.stub.generations() == []
