"""What a column or key is for: a measured number, a parameter, a condition, a label and so on."""

import fnmatch
import re
from typing import Literal

from chimera_dagster.ingest.meanings import metrics_of, readings
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.spelling import sections
from chimera_dagster.ingest.units import kind_of, without_unit
from chimera_dagster.ingest.vocabulary import vocabulary

Role = Literal[
    "context",
    "parameter",
    "condition",
    "error",
    "success",
    "status",
    "count",
    "errors",
    "answer",
    "attached",
    "identifier",
    "number",
]


@remembered(maxsize=10_000)
def role_of(name: str) -> tuple[Role, str]:
    """What a column or key is for, and which of its kind: ('parameter', 'top_k'), ('context', 'model')."""
    plain, unit = normal(name)
    if not plain:
        return "identifier", "index"  # pandas writes its index as a column without a name
    if plain in _roles():
        role = _roles()[plain]
        return ("number", plain) if unit and role[0] == "context" and _may_be_in(plain, unit) else role
    above, _, last = sections(plain)
    if above and last in _roles():
        return _roles()[last]
    bare = without_unit(plain)[0]
    names, patterns = _identifiers()
    if any(candidate in names or patterns.fullmatch(candidate) for candidate in {plain, bare}):
        return "identifier", plain
    if (above and role_under(last, above)[0] == "identifier") or _counts_values(plain):
        return "identifier", plain
    return "number", plain


def _may_be_in(plain: str, unit: str) -> bool:
    """Whether a metric of this name can be in a unit: `Prompt (t/s)` is no prompt, and `GPU (MiB)` no name of one."""
    return any(entry.unit == kind_of(unit) for _, entry in metrics_of().get(plain, ()))


def role_under(name: str, parent: str) -> tuple[Role, str]:
    """As `role_of`; what a machine has, such as `memory_gb` under `system`, is not what a run used."""
    role, which = role_of(name)
    if role == "number" and parent:
        words, plain = vocabulary(), normal(name)[0]
        stem, unit = without_unit(plain)
        is_size = unit is None or kind_of(unit) == "MiB"
        if is_size and stem in words.capacities and normal(parent)[0] in words.machines:
            return "identifier", plain
    return role, which


def rank(context: str, name: str) -> int:
    """The position of `name` among the names of a context, from 0."""
    names, plain = vocabulary().context[context], normal(name)[0]
    return names.index(plain if plain in names else sections(plain)[2])


def _counts_values(plain: str) -> bool:
    """Whether a name such as `ttft_ms_count` says how many values of a metric there are."""
    stem, _, last = plain.rpartition("_")
    if not stem or last not in vocabulary().counts or plain in metrics_of():
        return False
    return any(
        entry.unit in ("ms", "tok/s") for base, _, _ in readings(stem) for _, entry in metrics_of().get(base, ())
    )


@remembered()
def _identifiers() -> tuple[frozenset[str], re.Pattern[str]]:
    """The identifiers that are whole names, and a pattern for the others."""
    whole, parts = list[str](), list[str]()
    for name in vocabulary().identifiers:
        (parts if set(name) & set("*?[") else whole).append(name)
    return frozenset(whole), re.compile("|".join(map(fnmatch.translate, parts)))


@remembered()
def _roles() -> dict[str, tuple[Role, str]]:
    """Every name that has a role of its own; of two roles the first listed here."""
    words = vocabulary()
    roles: dict[str, tuple[Role, str]] = {name: ("number", name) for name in words.numbers}
    for kind, names in words.failure.items():
        roles |= dict.fromkeys(names, (kind, kind))
    groups: tuple[tuple[Role, dict[str, list[str]]], ...] = (
        ("parameter", words.parameters),
        ("condition", words.conditions),
        ("context", words.context),
        ("attached", {name: [name] for name in words.attached}),
    )
    for role, group in groups:
        for which, names in group.items():
            for name in names:
                roles.setdefault(name, (role, which))
    return roles
