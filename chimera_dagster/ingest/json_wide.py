"""Keys that are called by what their number is about and its metric: `{"base_ttft_ms": 12, "tuned_ttft_ms": 8}`.

Each such number is a record of its own, named by its pointer.
"""

from chimera_dagster.ingest.cells import NUMBERS
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.field_roles import FieldRoles, field_roles
from chimera_dagster.ingest.json_keys import Said, with_said
from chimera_dagster.ingest.json_shapes import Object
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.tables.variants import Split, splits_among


def wide_numbers(content: Object) -> dict[str, Split]:
    """The keys of an object with such numbers."""
    keys = tuple(content)
    found = {keys[place]: split for place, split in splits_among(keys)}
    return {key: split for key, split in found.items() if type(content[key]) in NUMBERS} if found else {}


def without(roles: FieldRoles, keys: set[str]) -> FieldRoles:
    """The roles of an object without the numbers under these keys."""
    return roles._replace(numbers=tuple(field for field in roles.numbers if roles.names[field.place] not in keys))


@remembered(maxsize=4_096)
def roles_of(key: str, split: Split, implied: str | None) -> FieldRoles:
    """The roles of a record that is one such number."""
    roles = field_roles((split.metric,), None, "", implied)
    numbers = tuple(field._replace(measured=field.measured._replace(original_name=key)) for field in roles.numbers)
    return roles._replace(names=(key,), numbers=numbers)


def about_split(context: Context, split: Split) -> Context:
    """The context of such a number."""
    if split.kind == "model":
        return context._replace(model=split.value, model_source="json")
    return with_said(context, Said(split.kind, split.value))
