"""What the tests of several modules work on."""

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.desk import Desk, desk_in
from tests.tiny_model import Tiny


@pytest.fixture(scope="module")
def desk(shared_project: Project) -> Generator[Desk]:
    with desk_in(shared_project.data, shared_project.reports) as desk:
        yield desk


@pytest.fixture(autouse=True)
def only_marked_tests_import_dagster(request: pytest.FixtureRequest) -> Generator[None]:
    """Dagster takes seconds to import, so `make check` does without; nothing is noticed once it is imported."""
    unused = "dagster" not in sys.modules
    yield
    if unused and request.node.get_closest_marker("dagster") is None:
        assert "dagster" not in sys.modules, "this test imports Dagster and is not marked `dagster`"


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    return Tiny(tmp_path, monkeypatch)
