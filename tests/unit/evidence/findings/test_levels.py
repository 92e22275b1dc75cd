"""Which values of a condition are levels of it."""

import pytest

from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.findings.levels import condition_effects
from tests.unit.evidence.findings.tables import no_files
from tests.unit.evidence.tables import measurements

LAPTOP = "NVIDIA GeForce RTX 4080 Laptop GPU"


@pytest.mark.parametrize(
    ("other", "effects"),
    [("NVIDIA GeForce RTX 4080 Laptop", 0), ("nvidia rtx 4080 laptop gpu", 0), ("NVIDIA GeForce RTX 4080", 1)],
)
def test_two_spellings_of_a_gpu_are_no_levels(other, effects):
    rows = [
        {"record": f"row {place}", "gpu": gpu, "value": value + place / 10, "file": f"{gpu}.csv"}
        for gpu, value in ((LAPTOP, 80.0), (other, 94.0))
        for place in range(1, 6)
    ]
    assert len(list(condition_effects(FindingContext(no_files(), measurements(*rows))))) == effects
