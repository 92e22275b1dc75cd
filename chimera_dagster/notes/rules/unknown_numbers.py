"""The largest groups of numbers whose names nothing here knows, and how to teach them."""

import re
from collections.abc import Iterator

from chimera_dagster.evidence.findings.finding import WHOLE_FILE
from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.evidence.unread import unread_groups
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.level_choice import best_levels
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Name, Phrase, count, listed, number, phrase, setting

_WEIGHT = 50.0
_SHOWN = 3
_FIRST, _SECOND = 210.0, 110.0  # said before a choice that nothing backs, or with how sure it is
_MOSTLY = 0.5
# What tools state of a metric besides the statistics that are read: that it is not read changes no answer
_STATISTIC = re.compile(r"mode|variance|total_sum|sum|count|std_?dev|range|iqr|p\d{1,3}|mean|median|min|max")
TEACH = "chimera vocabulary suggest"


def unknown_numbers(data: NoteContext) -> Iterator[Note]:
    """One note, if some number has a name that is neither a metric nor a condition, a parameter or a label.

    Names that do not account for all of these numbers are only some of them: a file states at most twenty, and a number
    in a text may have none.
    If most of them do, that is said on the first screen, with how sure the answer is: what isn't read may change it. It
    comes first if neither models nor settings of one could be compared. Further statistics of a metric, such as a mode,
    do not count for that.
    """
    files = data.data.files
    total, covered = int(files["numbers"].sum()), int(files["covered"].sum())
    groups = unread_groups(files)
    if covered >= total or not groups:
        return
    rows = files[(files["covered"] < files["numbers"]).to_numpy()]
    shown: list[Phrase] = [
        phrase("{name} ({n})", name=Name(group.name, "metric"), n=number(group.numbers)) for group in groups[:_SHOWN]
    ]
    if len(groups) > _SHOWN:
        shown.append(count(len(groups) - _SHOWN, "more name"))
    named = sum(group.numbers for group in groups) >= total - covered
    parts = {
        "unread": number(total - covered),
        "all": count(total, "number"),
        "names": phrase(": {names}" if named else ", among them {names}", names=listed(shown)),
        "teach": setting(TEACH),
    }
    scope = Scope(n=total - covered, files=len(rows))
    sources = tuple((str(path), WHOLE_FILE) for path in rows["path"])[:MOST_SOURCES]
    further = sum(group.numbers for group in groups if _STATISTIC.fullmatch(_last(group.name)))
    if covered + further < _MOSTLY * total:
        compared = bool(data.rankings) or (len(data.models) < 2 and bool(best_levels(data)))
        lead = "Most of these numbers could not" if covered else "None of these numbers could"
        yield Note(
            "mostly_unread",
            "not_measured" if compared else "answer",
            _SECOND if compared else _FIRST,
            (
                phrase(
                    f"{lead} be read: nothing here knows the names of {{unread}} of {{all}}{{names}}. "
                    "{teach} shows how to teach those that matter.",
                    **parts,
                ),
            ),
            scope,
            sources=sources,
        )
    if named:
        have = "has a name that nothing here knows" if total - covered == 1 else "have names that nothing here knows"
    else:
        have = "could not be understood"
    yield Note(
        "unknown_numbers",
        "files",
        _WEIGHT,
        (
            phrase(
                f"{{unread}} of {{all}} {have}{{names}}. {{teach}} proposes what to teach.",
                **parts,
            ),
            phrase(
                "Nothing here knows what {unread} of {all} mean{names}. To teach the names, start with {teach}.",
                **parts,
            ),
        ),
        scope,
        sources=sources,
    )


def _last(name: str) -> str:
    """Of a name that stands in objects, its own: `percentiles/p25` is p25."""
    return name.rpartition("/")[2].casefold()
