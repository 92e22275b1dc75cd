"""Notes: what a folder says, as statements that code has proved and worded, for people and for a model to write from.

To add a kind, write a rule in a file of rules/ and append it to RULES. A rule says only what the test behind it says:
an order comes from a test, so nothing is called fastest that is tied.
"""

from collections.abc import Callable, Iterator

from chimera_dagster.evidence.problems import Problems, all_of
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.rules.below_the_knee import below_the_knee
from chimera_dagster.notes.rules.choice import choice
from chimera_dagster.notes.rules.cold_start import cold_start
from chimera_dagster.notes.rules.condition_choice import condition_choice
from chimera_dagster.notes.rules.condition_effects import condition_effects
from chimera_dagster.notes.rules.contradictions import contradictions
from chimera_dagster.notes.rules.failures import failures
from chimera_dagster.notes.rules.few_runs import few_runs
from chimera_dagster.notes.rules.few_settings import few_settings
from chimera_dagster.notes.rules.files_read import files_read
from chimera_dagster.notes.rules.find_failures import find_failures
from chimera_dagster.notes.rules.hidden_failures import hidden_failures
from chimera_dagster.notes.rules.implausible import implausible
from chimera_dagster.notes.rules.incomparable import incomparable
from chimera_dagster.notes.rules.keep_loaded import keep_loaded
from chimera_dagster.notes.rules.managed import managed
from chimera_dagster.notes.rules.mixed_means import mixed_means
from chimera_dagster.notes.rules.name_model import name_model
from chimera_dagster.notes.rules.never_stops import never_stops
from chimera_dagster.notes.rules.not_measured import not_measured
from chimera_dagster.notes.rules.on_cpu import on_cpu
from chimera_dagster.notes.rules.one_session import one_session
from chimera_dagster.notes.rules.orders import orders
from chimera_dagster.notes.rules.outliers import outliers
from chimera_dagster.notes.rules.parameter_effects import parameter_effects
from chimera_dagster.notes.rules.prompt_cache import prompt_cache
from chimera_dagster.notes.rules.record_missing import record_missing
from chimera_dagster.notes.rules.repeat_outliers import repeat_outliers
from chimera_dagster.notes.rules.repeat_runs import repeat_runs
from chimera_dagster.notes.rules.repeated_files import repeated_files
from chimera_dagster.notes.rules.same_conditions import same_conditions
from chimera_dagster.notes.rules.same_model import same_model
from chimera_dagster.notes.rules.sampling_parameters import sampling_parameters
from chimera_dagster.notes.rules.scatter import scatter
from chimera_dagster.notes.rules.scores import scores
from chimera_dagster.notes.rules.sessions import sessions
from chimera_dagster.notes.rules.slow_stretch import slow_stretch
from chimera_dagster.notes.rules.spellings import spellings
from chimera_dagster.notes.rules.stated_values import stated_values
from chimera_dagster.notes.rules.tail import tail
from chimera_dagster.notes.rules.tails import tails
from chimera_dagster.notes.rules.trends import trends
from chimera_dagster.notes.rules.unknown_machine import unknown_machine
from chimera_dagster.notes.rules.unknown_numbers import unknown_numbers
from chimera_dagster.notes.rules.unlike_prompts import unlike_prompts
from chimera_dagster.notes.rules.unread_data import unread_data
from chimera_dagster.notes.rules.values import values
from chimera_dagster.notes.table import ranked

__all__ = ["RULES", "Note", "NoteContext", "find_notes"]

RULES: tuple[Callable[[NoteContext], Iterator[Note]], ...] = (
    *(choice, orders, condition_effects, parameter_effects, trends, cold_start, tail, scatter, values, incomparable),
    *(failures, contradictions, implausible, outliers, slow_stretch, repeated_files, spellings, same_model),
    *(prompt_cache, never_stops, managed),
    *(
        find_failures,
        keep_loaded,
        below_the_knee,
        condition_choice,
        sampling_parameters,
        same_conditions,
        repeat_outliers,
    ),
    *(repeat_runs, sessions, name_model, record_missing),
    *(mixed_means, few_runs, one_session, tails, hidden_failures, stated_values, few_settings),
    *(unread_data, on_cpu, unlike_prompts, unknown_machine, scores),
    *(not_measured, files_read, unknown_numbers),
)


def find_notes(data: NoteContext, problems: Problems | None = None) -> list[Note]:
    """The notes of a folder by section and weight. A rule that fails is noted in `problems`, if they are given."""
    return ranked([note for rule in RULES for note in all_of(problems, "notes", rule, data)])
