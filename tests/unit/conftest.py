"""What the tests of several modules work on."""

from collections.abc import Generator

import pytest

from tests.conftest import Project
from tests.desk import Desk, desk_in


@pytest.fixture(scope="module")
def desk(shared_project: Project) -> Generator[Desk]:
    with desk_in(shared_project.data, shared_project.reports) as desk:
        yield desk
