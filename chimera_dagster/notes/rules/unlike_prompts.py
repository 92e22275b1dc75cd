"""The risk that a model waits longer for its first token because its prompts have more tokens."""

from collections.abc import Iterator, Mapping

import numpy as np

from chimera_dagster.evidence.findings.cells import Cell, files_of, sources_of_cells
from chimera_dagster.evidence.findings.finding_context import PROMPT_TOKENS
from chimera_dagster.evidence.measures import HEADLINES
from chimera_dagster.evidence.setups import canonical
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.orders import order_of
from chimera_dagster.notes.phrase import count, model, number, phrase

_WEIGHT = 108.0
_FAR = 1.5  # times the tokens
_TTFT = HEADLINES[1]


def unlike_prompts(data: NoteContext) -> Iterator[Note]:
    """One note, if a model that is slower to its first token has far more prompt tokens at equal settings."""
    found = data.rankings.get(_TTFT)
    if not found:
        return
    order = order_of(*found[0])
    cells = [cell for _, cell in order.contest.cells if not cell.stated]
    typical = _typical(cells)
    if len(typical) < 2:
        return
    few, many = min(typical, key=lambda name: typical[name]), max(typical, key=lambda name: typical[name])
    if typical[many] < _FAR * typical[few] or order.names.index(many) < order.names.index(few):
        return
    parts = {
        "many": model(many),
        "few": model(few),
        "x": count(round(typical[many]), "token"),
        "y": number(round(typical[few])),
    }
    yield risk(
        "unlike_prompts",
        _WEIGHT,
        (
            phrase(
                "At equal settings a prompt of {many} has {x} and one of {few} {y}: part of the distance in time to "
                "first token is that of reading more tokens.",
                **parts,
            ),
            phrase(
                "The prompts are not equally long: {x} of {many} stand against {y} of {few} at equal settings, and "
                "more tokens delay the first one of an answer.",
                **parts,
            ),
        ),
        phrase("Compare prompts of as many tokens; a chat template adds its own."),
        Basis(
            Scope(tuple(sorted((few, many))), runs="warm", n=order.scope.n, files=len(files_of(cells))),
            sources_of_cells([cell for cell in cells if cell.model in (few, many)]),
            (order.finding,),
            _TTFT.metric,
        ),
    )


def _typical(cells: list[Cell]) -> Mapping[str, float]:
    """The median number of prompt tokens of each model over the settings that all of them share."""
    tokens: dict[str, dict[str, float]] = {}
    for cell in cells:
        counts = cell.frame[PROMPT_TOKENS].to_numpy("float64")[cell.places]
        if not np.isnan(counts).all():
            tokens.setdefault(cell.model, {})[canonical(cell.setup)] = float(np.nanmedian(counts))
    shared = set[str].intersection(*(set(known) for known in tokens.values())) if tokens else set[str]()
    return {name: float(np.median([known[key] for key in shared])) for name, known in tokens.items()} if shared else {}
