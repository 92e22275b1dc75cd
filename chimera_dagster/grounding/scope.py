"""Which runs are meant by a claim, and what they come to."""

from typing import NamedTuple

from chimera_dagster.evidence.figures import format_value


class Scope(NamedTuple):
    """`levels` are values of parameters and conditions; `runs` is "all", "warm" or "cold".

    `model` None: of all models together. `files` None: of all files.
    """

    metric: str
    model: str | None = None
    levels: tuple[tuple[str, float], ...] = ()
    runs: str = "all"
    files: frozenset[str] | None = None

    @property
    def words(self) -> str:
        named = [f"{name}={value:g}" for name, value in self.levels]
        where = f" at {', '.join(named)}" if named else ""
        kind = f", {self.runs} runs" if self.runs != "all" else ""
        return f"{self.metric} of {self.model or 'all models together'}{where}{kind}"

    @property
    def is_whole(self) -> bool:
        """Whether it is of the whole folder, cold starts aside."""
        return not self.levels and self.files is None and self.runs != "cold"


class Reading(NamedTuple):
    """One thing that words can mean: an aggregate of some runs, in the canonical unit, and where they are."""

    words: str
    value: float
    unit: str
    n: int
    where: str

    def __str__(self) -> str:
        return f"{self.words}: {format_value(self.value, self.unit)} (n={self.n}, {self.where})"
