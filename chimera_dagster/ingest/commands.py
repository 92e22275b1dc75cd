"""What the command of a benchmark says of its runs: `bench serve --model lynx-7b --random-input-len 1024`.

Only options written out are looked at: what a short one means depends on the tool. The commands of tools whose output
says what each test ran with, such as llama-bench, are left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from chimera_dagster.ingest.cells import number_in
from chimera_dagster.ingest.model_names import is_model
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of

NUM_PROMPTS = "num_prompts"
_LONGEST = 4_000  # characters of a command that are looked at
_MOST_LINES = 60  # of a command that goes on with a backslash at the end of each
_BENCHMARK = re.compile(r"(?i:bench|perf(?![a-z])|perf_|load.?test|latency|throughput)")
_SAYS_ALL = re.compile(r"llama-(?:batched-)?bench(?!y)|lm_eval|lm-eval")
_SHELL = re.compile(r"[$#>%]\s++")
_OPTION = re.compile(
    r"(?<!\S)--(?P<name>[A-Za-z][\w.-]{1,40}+)(?:=|\s++)[\"']?(?P<value>[^\s\"'\\]{1,200}+)[\"']?(?!\S)"
)
_OF_RANDOM = "random_"
_Value = TypeVar("_Value", str, int)


class Command(NamedTuple):
    """What a command says: names of `conditions` are those of the vocabulary, `num_prompts` is how many requests."""

    model: str | None = None
    backend: str | None = None
    conditions: tuple[tuple[str, Any], ...] = ()
    num_prompts: int | None = None


NOTHING = Command()


def commands_in(lines: Sequence[str]) -> Iterator[Command]:
    """The commands of benchmarks among lines of a text, those that say something."""
    at = 0
    while at < len(lines):
        parts = [lines[at]]
        while parts[-1].rstrip().endswith("\\") and at + 1 < len(lines) and len(parts) < _MOST_LINES:
            at += 1
            parts.append(lines[at])
        at += 1
        if any("--" in part for part in parts):
            said = command_in(" ".join(part.rstrip().removesuffix("\\") for part in parts))
            if said != NOTHING:
                yield said


@remembered(maxsize=4_096)
def command_in(text: str) -> Command:
    """What one command says, NOTHING if it is not that of a benchmark."""
    text = _SHELL.sub("", text.strip(), count=1)[:_LONGEST]
    program = text.partition(" --")[0]
    if not _BENCHMARK.search(program) or _SAYS_ALL.search(program):
        return NOTHING
    return said_by([(found["name"], found["value"]) for found in _OPTION.finditer(f"{text} ")])


def said_by(options: Sequence[tuple[str, str]]) -> Command:
    """What the options of a command say, each with its name and its value; a later one replaces an earlier one."""
    given = {name.replace("-", "_").lower(): value for name, value in options}
    dataset = given.get("dataset_name", "")
    conditions: dict[str, Any] = {}
    for name, value in given.items():
        role, which = role_of(name)
        of_other = name.startswith(_OF_RANDOM) and dataset and not dataset.startswith("random")
        if role == "condition" and not of_other and "/" not in value and value != "None" and "," not in value:
            conditions.setdefault(which, value)
    model = given.get("model") or given.get("model_name") or given.get("model_id")
    if model and not (is_model(model) or re.search("[A-Za-z]{2}", model)):
        model = None
    prompts = number_in(given.get(NUM_PROMPTS, ""))
    return Command(
        model,
        given.get("backend"),
        tuple(sorted(conditions.items())),
        int(prompts) if prompts is not None and prompts.is_integer() and prompts > 0 else None,
    )


def is_all_at_once(conditions: Mapping[str, Any]) -> bool:
    """Whether all requests are sent at once: without a rate, or a limit on how many run. Their number is then the load.

    Ten requests at once do not wait as a thousand do.
    """
    return conditions.get("concurrency") is None and conditions.get("request_rate") in (None, "inf")


def shared_by(commands: Sequence[Command]) -> Command:
    """What several commands say alike, if any of them may be the one that was run."""
    if len(commands) == 1:
        return commands[0]
    if not commands:
        return NOTHING
    alike = set(commands[0].conditions).intersection(*(set(each.conditions) for each in commands[1:]))
    return Command(
        _same([each.model for each in commands]),
        _same([each.backend for each in commands]),
        tuple(sorted(alike)),
        _same([each.num_prompts for each in commands]),
    )


def _same(values: Sequence[_Value | None]) -> _Value | None:
    return values[0] if len({*values}) == 1 else None
