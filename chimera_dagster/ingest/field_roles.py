"""Where the fields of a record go, worked out once for all records with the same field names."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.names import normal, stem
from chimera_dagster.ingest.numeric_settings import PROMPT_TOKENS, is_prompt_length
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.repeats import repeats_among
from chimera_dagster.ingest.request_rates import OFFERED, is_either, is_offered
from chimera_dagster.ingest.roles import Role, rank, role_of, role_under
from chimera_dagster.ingest.unlisted_settings import is_answer_of_model, is_named_as_setting
from chimera_dagster.ingest.vocabulary import vocabulary
from chimera_dagster.schemas import FAILED_REQUESTS

_OUTPUT = "output_tokens"  # the metric, and the condition that it is if it was chosen
_PHASES = frozenset({"mode", "test", "test_type", "phase", "stage", "bench_type", "kind", "type", "operation"})
_COMMANDS = frozenset(
    {"command", "cmd", "cmdline", "command_line", "cli", "args", "arguments", "argv", "bench_command"}
)
_TURNS = frozenset({"turn", "turn_id", "turn_index", "tool_args", "tool_result"})
_REQUESTS = frozenset({"request_id", "req_id", "request", "request_index", "request_num", "user_id", "client_id"})


class MetricColumn(NamedTuple):
    """What a number is: the columns that the measurements table has beside its value."""

    metric: str
    unit: str | None
    original_name: str
    original_unit: str | None
    aggregate: str | None


class Number(NamedTuple):
    """A field that may hold a number, and the factor that brings it to the canonical unit."""

    place: int
    measured: MetricColumn
    factor: float


class FieldRoles(NamedTuple):
    """Positions of a record's fields by role; of two fields for one context the earlier wins.

    `texts` are unlisted names of settings: a text there is a condition, a number is measured. `settings` are unlisted
    names that are conditions in this list of records, None if nobody looked at the others. `counts` are fields that may
    say how many requests failed, and whether a text of digits does so, too: `1` in `failed` may mean `true`.
    `measured_too` are conditions that are also among the numbers, `endings` say why an answer ended, and `named` are
    labels, whose texts may name the model of a record that does not say it. `phases` may name a phase of a generation,
    and `commands` may be the command of a benchmark. `twice` are pairs of fields that may state one quantity in two
    units.
    """

    names: tuple[str, ...]
    numbers: tuple[Number, ...]
    parameters: tuple[tuple[str, Number], ...]
    conditions: tuple[tuple[str, int], ...]
    labels: tuple[tuple[str, int], ...]
    contexts: tuple[tuple[str, int], ...]
    attached: tuple[int, ...]
    verdicts: tuple[tuple[Role, str, int], ...]
    only_numbers: bool
    aggregates: frozenset[str | None]
    texts: tuple[tuple[str, int], ...] = ()
    counts: tuple[tuple[Number, bool], ...] = ()
    settings: frozenset[str] | None = None
    measured_too: frozenset[int] = frozenset()
    endings: tuple[int, ...] = ()
    named: tuple[int, ...] = ()
    phases: tuple[int, ...] = ()
    twice: tuple[tuple[Number, Number], ...] = ()
    commands: tuple[int, ...] = ()


@remembered(maxsize=4_096)
def field_roles(
    names: tuple[str, ...],
    units: tuple[str | None, ...] | None,
    parent: str,
    implied: str | None,
    settings: frozenset[str] | None = None,
) -> FieldRoles:
    """The roles of records with these names.

    `units` are those given beside the names, `parent` is the key above them, and `implied` is the aggregate that
    numbers have by their place ('summary', 'reported', or 'sum' for those that are called a total). Beside a number of
    requests at once, a bare `throughput` is that of all of them together. `settings` are those of FieldRoles.
    """
    numbers: list[Number] = []
    parameters: list[tuple[str, Number]] = []
    conditions: list[tuple[str, int]] = []
    labels: list[tuple[str, int]] = []
    contexts: list[tuple[int, str, int]] = []
    attached: list[int] = []
    verdicts: list[tuple[Role, str, int]] = []
    counts = _request_counts(names)
    load, repeated = _is_of_requests_at_once(names), repeats_among(names)
    for place, name in enumerate(names):
        role, which = _role(name, parent, names)
        own = _own_condition(names, place, settings)
        if own:
            conditions.append((own, place))
        if own and not is_prompt_length(name):
            continue
        if place in counts:
            measured = MetricColumn(counts[place], "requests", name, None, None)
            numbers.append(Number(place, measured, 1.0))
            verdicts.append(("count", name, place))
        elif role in ("error", "success", "status"):
            verdicts.append(("errors" if _counts_failures(name, settings) else role, name, place))
        elif role == "attached":
            attached.append(place)
        elif role == "context":
            contexts.append((rank(which, name), which, place))
        elif role in ("condition", "identifier"):
            (conditions if role == "condition" else labels).append((which, place))
        else:
            meant = meaning(repeated.get(name, name), units[place] if units else None, parent)
            if meant.metric == "decode_tok_s" and load and stem(name) == "throughput":
                meant = meant._replace(metric="output_tok_s")
            aggregate = meant.aggregate or (implied if implied != "sum" or name.lower().startswith("total") else None)
            measured = MetricColumn(meant.metric, meant.unit, name, meant.original_unit, aggregate)
            number = Number(place, measured, meant.factor)
            if role == "parameter":
                parameters.append((which, number))
            else:
                numbers.append(number)
    verdicts += _answers(names)
    ordered = tuple((which, place) for _, which, place in sorted(contexts))
    others = (tuple(parameters), tuple(conditions), tuple(labels), ordered, tuple(attached), tuple(verdicts))
    failures = tuple(
        (Number(place, MetricColumn(FAILED_REQUESTS, "requests", name, None, implied), 1.0), role == "errors")
        for role, name, place in verdicts
        if role in ("error", "errors") and normal(name)[0] in vocabulary().failure_counts
    )
    said = ((normal(name)[0], place) for place, name in enumerate(names) if is_named_as_setting(name))
    texts = tuple(said) if settings is None else ()
    endings = tuple(place for place, name in enumerate(names) if normal(name)[0] in vocabulary().endings)
    named = _labels(names) if all(which != "model" for which, _ in ordered) else ()
    is_plain = not texts and not endings and not named and not _commands(names) and not _phases(names)
    both = frozenset({place for _, place in conditions} & {number.place for number in numbers})
    return FieldRoles(
        names,
        tuple(numbers),
        *others,
        is_plain and not any(others),
        frozenset(number.measured.aggregate for number in numbers),
        texts,
        failures,
        settings,
        both,
        endings,
        named,
        _phases(names),
        _in_two_units(numbers),
        _commands(names),
    )


def _in_two_units(numbers: Sequence[Number]) -> tuple[tuple[Number, Number], ...]:
    """Pairs of fields of one metric and aggregate with different units."""
    known = [number for number in numbers if number.measured.unit is not None]
    return tuple(
        (one, other)
        for one, other in combinations(known, 2)
        if one.factor != other.factor
        and (one.measured.metric, one.measured.aggregate) == (other.measured.metric, other.measured.aggregate)
    )


def _role(name: str, parent: str, names: tuple[str, ...]) -> tuple[Role, str]:
    """As `role_under`; a tool in a turn of a conversation is one that the model called, not one that measures."""
    role, which = role_under(name, parent)
    is_called = which == "tool" and any(normal(each)[0] in _TURNS for each in names)
    return ("identifier", which) if is_called else (role, which)


def _answers(names: tuple[str, ...]) -> list[tuple[Role, str, int]]:
    """Fields with what a model wrote, which may be an error message instead."""
    return [("answer", name, place) for place, name in enumerate(names) if is_answer_of_model(name)]


def _phases(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(names) if normal(name)[0] in _PHASES)


def _commands(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(names) if normal(name)[0] in _COMMANDS)


def _labels(names: tuple[str, ...]) -> tuple[int, ...]:
    labels = {*vocabulary().row_labels, "test_name"}
    return tuple(place for place, name in enumerate(names) if normal(name)[0] in labels)


def _own_condition(names: tuple[str, ...], place: int, settings: frozenset[str] | None) -> str | None:
    """The condition that a field is because of the other fields or records; None if its name decides."""
    name = names[place]
    if role_of(name)[0] == "error":
        return None
    if is_offered(names, place) or (settings and name in settings and is_either(name)):
        return OFFERED
    if not settings or name not in settings:
        return None
    if is_prompt_length(name):
        return PROMPT_TOKENS
    return _OUTPUT if meaning(name).metric == _OUTPUT else normal(name)[0]


def _counts_failures(name: str, settings: frozenset[str] | None) -> bool:
    """Whether digits under a name of failures count them: it is plural, or all records of a table look like it."""
    plain = normal(name)[0]
    return plain in vocabulary().failure_counts and (plain.endswith("s") or name in (settings or ()))


def _is_of_requests_at_once(names: tuple[str, ...]) -> bool:
    """Whether a record says how many requests there were at once, and is not itself one of them."""
    roles = [role_of(name) for name in names]
    of_one = ("context", "prompt") in roles or any(normal(name)[0] in _REQUESTS for name in names)
    return ("condition", "concurrency") in roles and not of_one


def _request_counts(names: tuple[str, ...]) -> dict[int, str]:
    """The places of fields that count requests, and their metrics; none unless some failed, some not."""
    found = dict[int, str]()
    for metric, words in vocabulary().request_counts.items():
        found |= {place: metric for place, name in enumerate(names) if normal(name)[0] in words}
    return found if len({*found.values()}) > 1 else {}
