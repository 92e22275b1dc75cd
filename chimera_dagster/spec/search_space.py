"""The space of a search: for each parameter its choices, or a range with a step."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from chimera_dagster.spec.trial import NumCtx, NumGpu, ParamSet, RepeatPenalty, Temperature, TopK, TopP

Value = int | float | str | None
_STEPS: Mapping[str, int | float] = {
    "num_gpu": 1,
    "num_ctx": 1024,
    "temperature": 0.05,
    "top_p": 0.05,
    "top_k": 1,
    "repeat_penalty": 0.05,
}
_DIGITS = 6  # so that 0.1 + 2 * 0.1 is 0.3 in a partition's key
_MOST_VALUES = 10_000  # of one range


def rounded(value: float) -> float:
    """A value of a range, without the rounding errors of adding up steps."""
    return round(value, _DIGITS)


class Axis(NamedTuple):
    """The values that a parameter may have; `step` is None if they are choices without an order."""

    values: Sequence[Value]
    step: int | float | None = None


class _Range(BaseModel):
    """`low`, `low + step`, ... up to `high`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: int | float
    high: int | float
    step: Annotated[int | float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_two_values(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low must be below high (low: {self.low}, high: {self.high})")
        return self

    def axis(self, parameter: str) -> Axis:
        """All values, from `low` on; `step` is by default the parameter's own. Raises ValueError for too many."""
        step = self.step or _STEPS[parameter]
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        if not 1 < count <= _MOST_VALUES:
            raise ValueError(f"{parameter} has {count} values from {self.low} to {self.high}; choose another step")
        return Axis([rounded(self.low + number * step) for number in range(count)], step)


def _kind(given: object) -> str:
    return "choices" if isinstance(given, list) else "range"


_T = TypeVar("_T")
_Choices = Annotated[
    Annotated[list[_T | None], Field(min_length=1), Tag("choices")] | Annotated[_Range, Tag("range")],
    Discriminator(_kind),  # so that an error is about the form that was meant, not about both
]


class SearchSpace(BaseModel):
    """Per parameter a list of choices, or a range; a missing parameter has the grid's values as its choices."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    num_gpu: _Choices[NumGpu] | None = None
    num_ctx: _Choices[NumCtx] | None = None
    temperature: _Choices[Temperature] | None = None
    top_p: _Choices[TopP] | None = None
    top_k: _Choices[TopK] | None = None
    repeat_penalty: _Choices[RepeatPenalty] | None = None

    @model_validator(mode="after")
    def _ranges_are_legal(self) -> Self:
        for name, given in self:
            if isinstance(given, _Range):
                values = given.axis(name).values
                for value in (values[0], values[1], values[-1]):
                    ParamSet.model_validate({name: value})
        return self

    def axes(self, grid: Mapping[str, list[Value]]) -> dict[str, Axis]:
        """The axis of each parameter, in the order of `ParamSet`."""
        found: dict[str, Axis] = {}
        for name, given in self:
            if isinstance(given, _Range):
                found[name] = given.axis(name)
            else:
                found[name] = Axis(list(dict.fromkeys(grid[name] if given is None else given)))
        return found
