"""Sentences as a person or a model would write them, by what they state; __main__.py fills them in.

`{m}`, `{m2}`: models. `{q}`: the metric, one of the phrasing's own words for throughput or TTFT. `{v}`, `{v2}`: values
with units. `{f}`, `{f2}`: ids of facts. Every second phrasing of a shape is held out: its sentences were not looked at
while the checker was written.
"""

from typing import NamedTuple

THROUGHPUT, TTFT = "decode_tok_s", "ttft_ms"


class Phrasing(NamedTuple):
    shape: str
    text: str
    words: dict[str, str]  # how it calls each metric; empty: it speaks of one only, named in `only`
    only: str | None = None


def _both(throughput: str, ttft: str) -> dict[str, str]:
    return {THROUGHPUT: throughput, TTFT: ttft}


PHRASINGS: tuple[Phrasing, ...] = (
    # the mean of a metric of a model
    Phrasing("mean", "{m} reaches a mean {q} of {v}.", _both("decode throughput", "TTFT")),
    Phrasing("mean", "The average {q} of {m} is {v}.", _both("throughput", "time to first token")),
    Phrasing("mean", "With {v}, {m} shows the {q} we measured for it on average.", _both("throughput", "TTFT")),
    Phrasing("mean", "On average, {m} decodes at {v}.", {}, THROUGHPUT),
    Phrasing("mean", "- **{m}**: {q} {v} (mean)", _both("Throughput", "TTFT")),
    Phrasing(
        "mean", "For {m}, a {q} of {v} was measured on average.", _both("generation speed", "time-to-first-token")
    ),
    Phrasing("mean", "{m} generates {v}.", {}, THROUGHPUT),
    Phrasing("mean", "Users of {m} wait {v} for the first token on average.", {}, TTFT),
    Phrasing("mean", "**{q}:** {v} for `{m}`.", _both("Mean decode rate", "Mean TTFT")),
    Phrasing("mean", "A mean {q} of {v} was recorded for {m}.", _both("decoding speed", "first-token latency")),
    Phrasing("mean", "The mean {q} of {m}, {v}, is computed over all of its runs.", _both("token rate", "TTFT")),
    Phrasing("mean", "{m} averaged {v} in {q}.", _both("throughput", "TTFT")),
    Phrasing("mean", "{m} has an average {q} of about {v}.", _both("decode speed", "time to first token")),
    Phrasing("mean", "{m}'s {q} averages {v}.", _both("decode throughput", "TTFT")),
    # another aggregate
    Phrasing("aggregate", "The {a} {q} of {m} is {v}.", _both("throughput", "TTFT")),
    Phrasing("aggregate", "{m} has a {a} {q} of {v}.", _both("decode throughput", "time to first token")),
    Phrasing("aggregate", "For {m}, {q} has a {a} of {v}.", _both("throughput", "TTFT")),
    Phrasing("aggregate", "{q} of {m}: {a} {v}", _both("Decode throughput", "TTFT")),
    Phrasing("aggregate", "At {v}, the {a} {q} of {m} tells another story than its mean.", _both("token rate", "TTFT")),
    Phrasing("aggregate", "* **{m}** - {a} {q}: **{v}**", _both("throughput", "time to first token")),
    # at a value of a parameter
    Phrasing("at", "At {p}={x}, {m} reaches a mean {q} of {v}.", _both("throughput", "TTFT")),
    Phrasing("at", "{m} averages {v} of {q} with {p} set to {x}.", _both("decode throughput", "TTFT")),
    Phrasing("at", "With {p} at {x}, the mean {q} of {m} is {v}.", _both("throughput", "time to first token")),
    Phrasing("at", "The mean {q} of {m} is {v} at {p}={x}.", _both("decode rate", "TTFT")),
    Phrasing("at", "A {p} of {x} gives {m} a mean {q} of {v}.", _both("throughput", "TTFT")),
    # two metrics of one model
    Phrasing("two metrics", "{m} combines a mean throughput of {v} with a mean TTFT of {w}.", {}),
    Phrasing("two metrics", "{m} runs at {v} and needs {w} to the first token on average (mean TTFT).", {}),
    Phrasing("two metrics", "Mean decode throughput and mean TTFT of {m} are {v} and {w}, respectively.", {}),
    Phrasing("two metrics", "{m}: {v} mean throughput, {w} mean TTFT.", {}),
    # two models
    Phrasing("two models", "{m} reaches {v} of mean {q}, while {m2} reaches {v2}.", _both("throughput", "TTFT")),
    Phrasing(
        "two models",
        "The mean {q} is {v} for {m} and {v2} for {m2}.",
        _both("decode throughput", "time to first token"),
    ),
    Phrasing("two models", "{m} and {m2} show a mean {q} of {v} and {v2}, respectively.", _both("throughput", "TTFT")),
    Phrasing("two models", "Mean {q}: {v} ({m}) versus {v2} ({m2}).", _both("throughput", "TTFT")),
    Phrasing("two models", "{m2} has a mean {q} of {v2}; {m} comes to {v}.", _both("generation speed", "TTFT")),
    # a cited fact
    Phrasing("cited", "The mean {q} of {m} is {f}.", _both("decode throughput", "time to first token")),
    Phrasing("cited", "{m} averages {f} in {q}.", _both("throughput", "TTFT")),
    Phrasing("cited", "With a mean {q} of {f}, {m} suits interactive use.", _both("throughput", "TTFT")),
    Phrasing("cited", "**{m}** shows an average {q} of **{f}**.", _both("token rate", "time to first token")),
    Phrasing("cited", "Prefer {m} if {q} matters, as it averages {f}.", _both("throughput", "TTFT")),
    Phrasing("cited", "{q} for {m} was {f} on average.", _both("Decode throughput", "TTFT")),
    Phrasing("cited two", "The mean {q} of {m} is {f}, that of {m2} is {f2}.", _both("throughput", "TTFT")),
    Phrasing("cited two", "{m} reaches a mean {q} of {f}, whereas {m2} reaches {f2}.", _both("throughput", "TTFT")),
    # comparisons; {m} is ahead
    Phrasing("compare", "{m} is faster than {m2}.", {}, THROUGHPUT),
    Phrasing("compare", "{m} outperforms {m2} in {q}.", _both("throughput", "TTFT")),
    Phrasing("compare", "Compared with {m}, {m2} is slower at decoding.", {}, THROUGHPUT),
    Phrasing("compare", "{m2} is beaten by {m} on {q}.", _both("decode throughput", "TTFT")),
    Phrasing("compare", "{m} has a better {q} than {m2}.", _both("mean throughput", "mean TTFT")),
    Phrasing(
        "compare", "The {q} of {m2} is worse than that of {m}.", _both("decode throughput", "time to first token")
    ),
    Phrasing("compare", "{m} produces its first token sooner than {m2}.", {}, TTFT),
    Phrasing("compare", "{m2} trails {m} in mean {q}.", _both("throughput", "TTFT")),
    Phrasing("compare", "{m2} has a higher TTFT than {m}.", {}, TTFT),
    Phrasing("compare", "Throughput is lower for {m2} than for {m}.", {}, THROUGHPUT),
    Phrasing("percent", "{m} decodes {d} % faster than {m2}.", {}, THROUGHPUT),
    Phrasing("percent", "The mean throughput of {m} is {d} % higher than that of {m2}.", {}, THROUGHPUT),
    Phrasing("percent", "{m} beats {m2} by {d} % in throughput.", {}, THROUGHPUT),
    Phrasing("percent", "In decode throughput, {m} is ahead of {m2} by {d}%.", {}, THROUGHPUT),
    Phrasing("times", "{m} is {d} times as fast as {m2}.", {}, THROUGHPUT),
    Phrasing("times", "The mean throughput of {m} is {d}x that of {m2}.", {}, THROUGHPUT),
    # ranks
    Phrasing("first", "{m} is the fastest model.", {}, THROUGHPUT),
    Phrasing("first", "The best {q} of all models belongs to {m}.", _both("mean throughput", "mean TTFT")),
    Phrasing("first", "{m} has the {e} {q} of the models tested.", _both("throughput", "TTFT")),
    Phrasing("first", "Among the models, **{m}** ranks first by {q}.", _both("throughput", "TTFT")),
    Phrasing("last", "{m} is the slowest model of the set.", {}, THROUGHPUT),
    Phrasing("last", "{m} comes last in {q}.", _both("throughput", "TTFT")),
    Phrasing("second", "{m} ranks second by {q}.", _both("decode throughput", "TTFT")),
    Phrasing("second", "{m} is the second-fastest model.", {}, THROUGHPUT),
    # directions
    Phrasing("grows", "{q} of {m} grows with {p}.", _both("Throughput", "TTFT")),
    Phrasing("grows", "As {p} rises, the {q} of {m} increases.", _both("decode throughput", "time to first token")),
    Phrasing("grows", "For {m}, a higher {p} leads to a higher {q}.", _both("throughput", "TTFT")),
    Phrasing("falls", "{q} of {m} falls as {p} increases.", _both("Throughput", "TTFT")),
    Phrasing("falls", "Raising {p} reduces the {q} of {m}.", _both("throughput", "TTFT")),
    Phrasing("falls", "With {m}, {q} drops when {p} is raised.", _both("throughput", "TTFT")),
    # numbers of runs
    Phrasing("n", "{m} reaches a mean {q} of {v} (n={n}).", _both("throughput", "TTFT")),
    Phrasing("n", "Over {n} runs, {m} averages {v} in {q}.", _both("throughput", "TTFT")),
    Phrasing("n", "The mean {q} of {m} is {v} over {n} runs.", _both("decode throughput", "TTFT")),
    Phrasing("n", "{m}: mean {q} {v}, n = {n}.", _both("throughput", "TTFT")),
    # counts
    Phrasing("count", "{c} benchmark files were analysed.", {}),
    Phrasing("count", "The dataset holds {c} files.", {}),
    Phrasing("count", "Files analyzed: {c}", {}),
    Phrasing("csv", "Of the files, {c} CSV files hold runs.", {}),
    Phrasing("csv", "The folder contains {c} CSV files.", {}),
    # files, dates, parameters, telemetry, tests
    Phrasing("file", "The runs are listed in {path}.", {}),
    Phrasing("file", "See `{path}` for the raw numbers.", {}),
    Phrasing("date", "The newest file was modified on {day}.", {}),
    Phrasing("date", "Latest modification date of the files: {day}.", {}),
    Phrasing("parameter", "{m} was measured with {p}={x}.", {}),
    Phrasing("parameter", "Runs of {m} with a {p} of {x} are part of the results.", {}),
    Phrasing("lack", "No GPU utilisation was recorded.", {}),
    Phrasing("lack", "Power draw was not measured.", {}),
    Phrasing("significant", "{m} is significantly faster than {m2}.", {}, THROUGHPUT),
    Phrasing(
        "significant",
        "The difference in {q} between {m} and {m2} is statistically significant.",
        _both("throughput", "TTFT"),
    ),
)


def halves() -> dict[str, list[Phrasing]]:
    """Every second phrasing of each shape is held out; of a shape's odd rest the first is developed on."""
    found: dict[str, list[Phrasing]] = {"developed on": [], "held out": []}
    seen: dict[str, int] = {}
    for phrasing in PHRASINGS:
        place = seen[phrasing.shape] = seen.get(phrasing.shape, -1) + 1
        found["held out" if place % 2 else "developed on"].append(phrasing)
    return found
