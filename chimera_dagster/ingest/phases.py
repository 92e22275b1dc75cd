"""Records of one phase of a generation: `{"mode": "pp", "tokens_per_sec": 572}` holds the rate of a prompt.

A field such as `mode` or `test` says it: `pp`, `prefill` or, as llama-bench calls its tests, `pp512`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.ingest.cells import ToNumber
from chimera_dagster.ingest.field_roles import FieldRoles, Number
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.spelling import TEST, plain_name

_PROMPT = frozenset({"pp", "prefill", "prompt_processing", "prompt_eval", "prompt"})
_ANSWER = frozenset({"tg", "decode", "generation", "text_generation", "token_generation", "gen"})
_LENGTHS = {True: "prompt_tokens", False: "output_tokens"}
# Words of a name that says itself which of the two it is
_SAID = frozenset({"decode", "eval", "gen", "generation", "tg", "completion", "output", "inference"})


class Phase(NamedTuple):
    """Whether a record is about the prompt, or about the answer, and the length that was asked for."""

    is_prompt: bool
    tokens: int | None

    @property
    def length(self) -> str:
        """The condition that its length is."""
        return _LENGTHS[self.is_prompt]


@remembered(maxsize=10_000)
def phase_in(text: str) -> Phase | None:
    """The phase that a field's text names; None if it says something else."""
    plain = plain_name(text)
    if test := TEST.fullmatch(plain):
        return Phase(test["kind"] == "pp", int(test["tokens"]))
    return Phase(plain in _PROMPT, None) if plain in _PROMPT | _ANSWER else None


def of_phase(
    roles: FieldRoles,
    cells: Sequence[object],
    number: ToNumber,
    conditions: dict[str, int | float | str],
    fields: Sequence[Number],
) -> Sequence[Number]:
    """The fields of a record that may name the phase it is about; `conditions` get the length that it says."""
    said = (phase_in(cell) for place in roles.phases if isinstance(cell := cells[place], str))
    phase = next((each for each in said if each), None)
    if phase is None:
        return fields
    at = next((place for place, name in enumerate(roles.names) if normal(name)[0] == "value"), None)
    length = phase.tokens if at is None else number(cells[at])
    if length and float(length).is_integer():
        conditions.setdefault(phase.length, int(length))
    return tuple(map(_of_prompt, fields)) if phase.is_prompt else fields


@remembered(maxsize=4_096)
def _of_prompt(number: Number) -> Number:
    """A number of a record about the prompt: a rate of tokens of which its name says no more is that of the prefill."""
    words = normal(number.measured.original_name)[0].split("_")
    if number.measured.metric != "decode_tok_s" or not _SAID.isdisjoint(words):
        return number
    return number._replace(measured=number.measured._replace(metric="prefill_tok_s"))
