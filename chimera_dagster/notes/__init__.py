"""Notes: what a folder says, as statements that code has proved and worded, for people and for a model to write from.

To add a kind, write a rule in a file of rules/ and append it to RULES. A rule says only what the test behind it says:
an order comes from a test, so nothing is called fastest that is tied.
"""

from collections.abc import Callable, Iterator

from chimera_dagster.evidence.problems import Problems, all_of
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.rules.choice import choice
from chimera_dagster.notes.rules.cold_start import cold_start
from chimera_dagster.notes.rules.condition_effects import condition_effects
from chimera_dagster.notes.rules.incomparable import incomparable
from chimera_dagster.notes.rules.orders import orders
from chimera_dagster.notes.rules.parameter_effects import parameter_effects
from chimera_dagster.notes.rules.scatter import scatter
from chimera_dagster.notes.rules.tail import tail
from chimera_dagster.notes.rules.trends import trends
from chimera_dagster.notes.rules.values import values
from chimera_dagster.notes.table import ranked

__all__ = ["RULES", "Note", "NoteContext", "find_notes"]

RULES: tuple[Callable[[NoteContext], Iterator[Note]], ...] = (
    choice,
    orders,
    condition_effects,
    parameter_effects,
    trends,
    cold_start,
    tail,
    scatter,
    values,
    incomparable,
)


def find_notes(data: NoteContext, problems: Problems | None = None) -> list[Note]:
    """The notes of a folder by section and weight. A rule that fails is noted in `problems`, if they are given."""
    return ranked([note for rule in RULES for note in all_of(problems, "notes", rule, data)])
