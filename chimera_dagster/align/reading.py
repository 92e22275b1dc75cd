"""What a sentence claims: figures bound to what they measure, orders, and predicates with their polarity, by clause."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chimera_dagster.align.figures import Figure
from chimera_dagster.align.item import Item
from chimera_dagster.evidence.measures import MEASURES

Sense = tuple[str, str]  # kind and key of what a phrase means

UNITS = {measure.metric: measure.unit for measure in MEASURES} | {"load_ms": "ms"}
SIGNS = {measure.metric: measure.sign for measure in MEASURES} | {"load_ms": 1}
CLASSES = {
    "speed": ("ttft_ms", "decode_tok_s", "output_tok_s", "prefill_tok_s", "tpot_ms", "itl_ms", "e2e_ms", "latency_ms"),
    "latency": ("ttft_ms", "latency_ms", "e2e_ms", "tpot_ms", "itl_ms"),
    "throughput": ("decode_tok_s", "output_tok_s", "prefill_tok_s"),
}
AXES = frozenset({"at_once", "word", "token"})
BETTER = frozenset({"better", "best", "beats", "as_fast"})
WORSE = frozenset({"worse", "worst", "trails", "as_slow"})
SUPERLATIVE = frozenset({"best", "worst", "highest", "lowest", "longest", "shortest"})
SIZES = {
    "hi": 1, "lo": -1, "highest": 1, "lowest": -1, "longer": 1, "shorter": -1, "longest": 1, "shortest": -1,
    "as_long": 1, "as_high": 1,
}  # fmt: skip
OF_TIME = frozenset({"longer", "shorter", "longest", "shortest", "as_long"})
ORDERING = BETTER | WORSE | frozenset(SIZES)


@dataclass(slots=True)
class Bound:
    """A figure and what it is of; what the sentence does not say is empty."""

    figure: Figure
    place: int
    clause: int
    models: frozenset[str] = frozenset()
    metrics: tuple[str, ...] = ()
    state: str = ""
    stat: str = ""
    level: float | None = None
    exact: float | None = None
    text: str = ""
    collective: bool = False
    of: "Clause | None" = None
    elsewhere: bool = False  # at another level than the rest of the clause

    @property
    def kind(self) -> str:
        unit = self.figure.unit
        return (
            unit
            if unit in ("ms", "tok/s", "MiB", "W", "%", "times", "points", "")
            else "axis"
            if unit in AXES
            else "count"
        )

    @property
    def value(self) -> float:
        return self.figure.value if self.exact is None else self.exact


@dataclass(slots=True)
class Ordered:
    """One side is better, or larger, than the other; `others` if it is compared with all others."""

    key: str
    place: int
    clause: int
    subject: frozenset[str]
    object: frozenset[str]
    metrics: tuple[str, ...]
    negated: bool
    factor: Bound | None = None


@dataclass(slots=True, kw_only=True)
class Content:
    """What words are about: `things` are what is said of; `negative` if they deny."""

    things: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    settings: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    metrics: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    stats: set[str] = field(default_factory=set)
    negative: bool = False

    def add_content(self, other: "Content") -> None:
        """Adds all that another one is about."""
        self.things |= other.things
        self.models |= other.models
        self.settings |= other.settings
        self.names |= other.names
        self.metrics |= other.metrics
        self.states |= other.states
        self.stats |= other.stats
        self.negative |= other.negative


@dataclass(slots=True)
class Clause(Content):
    """`claims` are predicates by kind and key."""

    number: int
    claims: set[tuple[str, str]] = field(default_factory=set)
    optional: set[tuple[str, str]] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)
    hedged: bool = False
    is_past: bool = False  # it says that something was done
    is_second: bool = False  # it says who comes second
    advises: bool = False  # it begins with an imperative, or says that one should
    has_axis: bool = False
    explains: bool = False  # it begins with a word such as "because"
    loads: frozenset[float] = frozenset()  # that it advises
    groups: bool = False
    everywhere: frozenset[str] = frozenset()  # over what it generalizes, such as "setting"


@dataclass(slots=True)
class Reading:
    items: list[Item]
    clauses: list[Clause]
    figures: list[Bound]
    orders: list[Ordered]

    def figures_of(self, clause: Clause) -> list[Bound]:
        return [bound for bound in self.figures if bound.clause == clause.number]


@dataclass(slots=True)
class Context:
    """Of a block: what "it" and "both" may mean."""

    models: Sequence[str]
    subject: frozenset[str] = frozenset()
    pair: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # of the sentence before
