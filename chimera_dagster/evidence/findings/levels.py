"""What a condition changes: one model under several quantizations, GPUs, engines, versions and so on."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.cells import Cell
from chimera_dagster.evidence.findings.contest import judged
from chimera_dagster.evidence.findings.contest_words import contest_findings
from chimera_dagster.evidence.findings.equal_conditions import contests, strata_by_level
from chimera_dagster.evidence.findings.finding import Finding
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.findings.parameters import PARAMETERS
from chimera_dagster.evidence.measures import FURTHER, HEADLINES, SERVER, Measure
from chimera_dagster.evidence.setups import APART, TRENDS

_MEASURES = (*HEADLINES, SERVER, *FURTHER[:1])
_DEVICES = {"gpu", "cpu"}
_LEFT_OUT = {"gpu", "cpu", "nvidia", "geforce", "amd", "intel", "processor"}  # a `Super` or `80GB` is another device
# What another engine has of its own: with it, all else can't be equal.
_DEPENDING = {"backend": ("engine_version",)}


def condition_effects(data: FindingContext) -> Iterator[Finding]:
    """Levels of a condition of one model within equal other conditions, ranked as models are; Holm over all of them.

    Loads and lengths are trends (`trends`), parameters have tests of their own (`parameter_effects`), and data sets and
    tasks are only kept apart. A file that names no model has one of its own.
    """
    found = {
        (model, name): [
            contest
            for measure, cells in by_measure
            for contest in contests(measure, strata_by_level(cells, name, besides=_DEPENDING.get(name, ())))
        ]
        for model, by_measure in _by_model(data).items()
        for name in _levels([cell for _, cells in by_measure for cell in cells])
    }
    results = iter(judged(contest for each in found.values() for contest in each))
    for (model, name), each in found.items():
        of_name = [next(results) for _ in each]
        yield from contest_findings("condition_effects", name.replace("_", " ").capitalize(), of_name, 60.0, of=model)


def _by_model(data: FindingContext) -> dict[str, list[tuple[Measure, list[Cell]]]]:
    found: dict[str, list[tuple[Measure, list[Cell]]]] = {}
    for measure in _MEASURES:
        of_model: dict[str, list[Cell]] = {}
        for cell in (*data.cells(measure), *data.unnamed_cells(measure)):
            of_model.setdefault(cell.model, []).append(cell)
        for model, cells in of_model.items():
            found.setdefault(model, []).append((measure, cells))
    return dict(sorted(found.items()))


def _levels(cells: list[Cell]) -> list[str]:
    """Names with two values or more, in their order."""
    values: dict[str, set[object]] = {}
    for cell in cells:
        for name, value in cell.setup.items():
            values.setdefault(name, set()).add(value)
    kept = {name for name, known in values.items() if len(known) > 1}
    kept -= {name for name in kept & _DEVICES if _one_device([str(value) for value in values[name]])}
    return sorted(kept - {*TRENDS, *APART, *PARAMETERS})


def _one_device(names: list[str]) -> bool:
    """Whether the names are spellings of one device: they differ in words alone that tell no device from another."""
    return len({frozenset(name.casefold().split()) - _LEFT_OUT for name in names}) == 1
