"""Which metrics a name of a number may stand for, and in which kinds of units; whether it names any."""

from chimera_dagster.ingest.meanings import meaning, metrics_of, readings
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.spelling import sections


def is_metric(name: str) -> bool:
    """Whether a column of this name measures something that the vocabulary knows."""
    return role_of(name)[0] == "number" and meaning(name).unit is not None


@remembered(maxsize=10_000)
def kinds_of(name: str) -> frozenset[str]:
    """The canonical units that a number of this name may have; empty if the name is not known."""
    if role_of(name)[0] != "number":
        return frozenset()
    if stated := meaning(name).unit:
        return _with_percent(frozenset([stated]))
    for base, _, _ in readings(normal(name)[0]):
        if base in metrics_of():
            return _with_percent(frozenset(entry.unit for _, entry in metrics_of()[base]))
    return kinds_of(said) if (said := _of_section(name)) else frozenset()


@remembered(maxsize=10_000)
def metric_of(name: str) -> tuple[str, str] | None:
    """The metric that a number of this name is, and its canonical unit, if its name leaves no other kind of unit."""
    if role_of(name)[0] != "number":
        return None
    for base, _, _ in readings(normal(name)[0]):
        if found := metrics_of().get(base):
            return (found[0][0], found[0][1].unit) if len({entry.unit for _, entry in found}) == 1 else None
    return metric_of(said) if (said := _of_section(name)) else None


def _of_section(name: str) -> str:
    """What says the metric in a name that was flattened: `mmlu` in `mmlu.acc`, else the last part; empty otherwise."""
    above, _, last = sections(normal(name)[0])
    of_above = metric_of(above) if above else None
    return above if of_above and of_above[1] == "share" else last if above else ""


def _with_percent(units: frozenset[str]) -> frozenset[str]:
    """A share may be written as a percentage."""
    return units | {"%"} if "share" in units else units
