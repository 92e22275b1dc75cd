"""Objects that say what the results beside them are about: their model, or the settings they were measured under.

`{"model_info": {"name": "lynx:7b"}, "results": [...]}`, `{"case": {"quant": "awq", "concurrency": 8}, "ttft_ms": 81}`.
"""

from typing import cast

from chimera_dagster.ingest.cells import CONTAINERS, NUMBERS, text_of
from chimera_dagster.ingest.field_roles import FieldRoles
from chimera_dagster.ingest.json_shapes import Object, shape_of
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.unlisted_settings import is_named_as_setting, may_set, says_setting
from chimera_dagster.ingest.vocabulary import vocabulary

_DEEPEST_DESCRIPTION = 3  # levels of an object that names the model of its neighbours
# roles of keys under which nothing is measured
_SAY = ("condition", "parameter", "context", "attached", "identifier")


def beside_model(roles: FieldRoles, content: Object) -> FieldRoles:
    """The roles, in which objects that name one model and measure nothing are attached: it is that of the others."""
    describing = [place for place, item in enumerate(content.values()) if isinstance(item, dict) and _describes(item)]
    if not describing:
        return roles
    values = [*content.values()]
    models = {text_of(value) for place in describing for key, value in values[place].items() if _is_model_key(key)}
    if len(models) != 1:
        return roles
    return roles._replace(attached=(*roles.attached, *describing), only_numbers=False)


def _describes(item: Object) -> bool:
    shape = shape_of(tuple(item))
    return shape.model and _measures_nothing(item, _DEEPEST_DESCRIPTION)


def _measures_nothing(item: Object, depth: int) -> bool:
    if not depth or shape_of(tuple(item)).measures:
        return False
    for value in item.values():
        if isinstance(value, list) and dict in map(type, cast("list[object]", value)):
            return False
        if isinstance(value, dict) and not _measures_nothing(cast("Object", value), depth - 1):
            return False
    return True


def _is_model_key(key: str) -> bool:
    return role_of(key) == ("context", "model")


def beside_settings(roles: FieldRoles, content: Object) -> FieldRoles:
    """The roles, in which objects of settings alone are attached, whatever they are called.

    Not if two of them name the same setting: then they are not about the one record around them. Their short texts are
    conditions.
    """
    found = [
        place
        for place, item in enumerate(content.values())
        if isinstance(item, dict) and place not in roles.attached and _are_settings(cast("Object", item))
    ]
    if not found:
        return roles
    values = [*content.values()]
    said = [role_of(key) for place in found for key in values[place]]
    if len(said) > len({*said}):
        return roles
    texts = {key for place in found for key, value in values[place].items() if _is_setting_text(key, value)}
    if roles.settings is None:
        described = [values[place] for place in (*roles.attached, *found) if isinstance(values[place], dict)]
        texts |= {key for item in described for key in cast("Object", item) if is_named_as_setting(key)}
    settings = (roles.settings or frozenset()) | texts if texts else roles.settings
    return roles._replace(attached=(*roles.attached, *found), settings=settings, only_numbers=False)


def _are_settings(item: Object) -> bool:
    """Whether an object says what a run was measured under, and nothing that was measured."""
    if not _names_setting(tuple(item)) or any(isinstance(value, CONTAINERS) for value in item.values()):
        return False
    return all(
        role_of(key)[0] in _SAY or isinstance(value, bool) or not isinstance(value, NUMBERS)
        for key, value in item.items()
    )


@remembered(maxsize=4_096)
def _names_setting(keys: tuple[str, ...]) -> bool:
    return any(role_of(key)[0] in ("condition", "parameter") for key in keys)


def _is_setting_text(key: str, value: object) -> bool:
    is_name = normal(key)[0] in vocabulary().row_labels
    return isinstance(value, str) and not is_name and may_set(key) and says_setting(value)
