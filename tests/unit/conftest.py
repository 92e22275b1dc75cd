"""What the tests of several modules work on."""

from collections.abc import Generator

import pytest

from chimera_dagster import pipeline
from chimera_dagster.engines.registry import Engines
from chimera_dagster.store import Store
from tests.conftest import Project
from tests.desk import Desk
from tests.stub_ollama import StubOllama


@pytest.fixture(scope="module")
def desk(shared_project: Project) -> Generator[Desk]:
    with StubOllama(size_vram=None) as stub:
        desk = Desk(Store(shared_project.data), stub, Engines(stub.url))
        pipeline.ingest(desk.store, shared_project.reports)
        pipeline.sum_up(desk.store)
        yield desk
        desk.engines.close()
