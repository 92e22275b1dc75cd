"""What texts of a record say of its machine: `"hardware": "Apple M4, 16 GB"`, `"backend": "vulkan"`."""

from collections.abc import Sequence

from chimera_dagster.ingest.engine_names import is_engine_with_version
from chimera_dagster.ingest.field_roles import FieldRoles
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.spelling import plain_name
from chimera_dagster.ingest.surroundings.path_names import card_in_text
from chimera_dagster.ingest.vocabulary import vocabulary

_INTERFACES = frozenset(
    {"rocm", "hip", "cuda", "vulkan", "metal", "sycl", "opencl", "mps", "cpu", "gpu", "mtl", "blas"}
)  # through which an engine uses a device


def settle_machine(
    roles: FieldRoles, cells: Sequence[object], texts: dict[str, str], conditions: dict[str, int | float | str]
) -> None:
    """Take the GPU from a text about the hardware, and tell an engine from the interface that it uses.

    `texts` has what the record's fields say by themselves. If two of them may name the engine, and the first is
    `vulkan`, that is the condition `device`.
    """
    for place in roles.attached:
        cell, name = cells[place], normal(roles.names[place])[0]
        card = card_in_text(cell) if isinstance(cell, str) and name in vocabulary().machines else None
        if card:
            texts.setdefault("gpu", card)
    if plain_name(texts.get("backend", "")) in _INTERFACES:
        named = (cells[place] for which, place in roles.contexts if which == "backend")
        engine = next((cell for cell in named if isinstance(cell, str) and is_engine_with_version(cell)), None)
        if engine:
            conditions.setdefault("device", texts["backend"])
            texts["backend"] = engine.strip()
