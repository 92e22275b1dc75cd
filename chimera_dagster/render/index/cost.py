"""What a trial's calls cost: time and, if it was measured, energy."""

from collections.abc import Iterable
from typing import NamedTuple

from chimera_dagster.compare.observed import Observed


class Cost(NamedTuple):
    """The sum over the calls of all repeats, without warm-ups; None if a repeat was not measured."""

    seconds: float | None
    joules: float | None


def cost_of(trial: Observed) -> Cost:
    durations, per_token = trial.values.get("total_ms"), trial.values.get("joules_per_token")
    joules = None
    if per_token:
        size = len(trial.call_rows) // len(per_token)
        tokens = [tokens or 0 for *_, tokens in trial.call_rows]
        joules = sum(rate * sum(tokens[size * repeat : size * (repeat + 1)]) for repeat, rate in enumerate(per_token))
    return Cost(sum(durations) / 1e3 if durations else None, joules or None)


def cost_words(costs: Iterable[Cost]) -> str:
    """The sum, as `3 min 20 s and 1,200 J`, with the number of trials that have energies; empty if no time is known."""
    known = [cost for cost in costs if cost.seconds is not None]
    energies = [cost.joules for cost in known if cost.joules is not None]
    if not known:
        return ""
    words = duration_words(sum(cost.seconds or 0.0 for cost in known))
    if not energies:
        return f"{words}; energy was not measured"
    part = f" (energy of {len(energies)} of {len(known)} trials)" if len(energies) < len(known) else ""
    return f"{words} and {energy_words(sum(energies))}{part}"


def duration_words(seconds: float) -> str:
    """`12.3 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 120:
        return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def energy_words(joules: float) -> str:
    """In J, or in kWh from 0.01 kWh on."""
    if joules >= 3.6e4:
        return f"{joules / 3.6e6:.3g} kWh"
    return f"{joules:,.0f} J" if joules >= 100 else f"{joules:.3g} J"
