"""The words of a name, and which of them say an aggregate: `P95 TTFT` is p95_ttft, the p95 of ttft.

Here is only what no vocabulary of a user's can change, so that a user's names can be spelled like all others.
"""

import re
from collections import deque
from functools import cache

from chimera_dagster.ingest.packaged_vocabulary import packaged

BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_PERCENTILE = re.compile(r"p(?:ct|erc)?(?P<whole>\d{1,2})(?:\.?(?P<part>(?<=99)9+|(?<=\.)\d+))?", re.ASCII)
# A test of llama-bench: 512 tokens of a prompt, at a depth of 4096
TEST = re.compile(r"(?P<kind>pp|tg)_?(?P<tokens>\d{2,7})(?:_d(?P<depth>\d{1,7}))?", re.ASCII)
_ORDINAL = re.compile(r"(?P<number>\d{1,2}(?:\.\d+)?)(?:st|nd|rd|th)?", re.ASCII)
_COMMON_PERCENTS = frozenset({"1", "5", "10", "25", "50", "75", "90", "95", "99", "99.9"})  # 25%, as pandas writes it
_SECTION = re.compile(r"(?<=[^\W\d])\.(?=[^\W\d])")  # usage.prompt_tokens, but not p99.9


def plain_name(name: str) -> str:
    """`name` in lower case with underscores, brackets and all: `TTFT (ms)` is ttft_ms."""
    text = name.lower().replace("%", " percent ").replace("δ", " delta ")
    return re.sub(r"[^\w.]+|_+", "_", text).strip("_")


def sections(plain: str) -> tuple[str, str, str]:
    """A name that was flattened, such as `options.temperature`: the key above, the mark, and the key itself."""
    *above, last = _SECTION.split(plain)
    return (above[-1], ".", last) if above else ("", "", plain)


def without_aggregate(plain: str) -> tuple[str, str | None]:
    """A name without the words at its ends that say an aggregate, and the aggregate."""
    words, found = deque(with_percentiles(plain.split("_"))), None
    while words and (kind := aggregate_in(words[0])):
        words.popleft()
        found = found if found and kind == "overall" else kind
    while words and (kind := aggregate_in(words[-1])):
        words.pop()
        found = found or kind
    return "_".join(words), found


def aggregate_in(word: str) -> str | None:
    """The aggregate that a single word such as `p95` or `avg` says."""
    if word[:1] == "p" and (found := _PERCENTILE.fullmatch(word)):
        return f"p{found['whole']}" + (f".{found['part']}" if found["part"] else "")
    return _aggregates().get(word)


@cache
def _aggregates() -> dict[str, str]:
    return {word: kind for kind, spellings in packaged().aggregates.items() for word in spellings}


def with_percentiles(words: list[str]) -> list[str]:
    """The words with p95 for `95th`, `95th percentile`, `percentile 95`, `p(95)`, `quantile 0.95` and `95 percent`."""
    if not any(word[:1].isdigit() for word in words):
        return words
    found, place = list[str](), 0
    while place < len(words):
        word, after = words[place], words[place + 1] if place + 1 < len(words) else ""
        before = found[-1] if found else ""
        place += 1
        number = _ORDINAL.fullmatch(word)
        says = {before, after} & {"percentile", "percentiles", "quantile", "quantiles", "pctl"} or {before} & {"p"}
        if not number or not (says or word[-1].isalpha() or (after == "percent" and word in _COMMON_PERCENTS)):
            found.append(word)
            continue
        share = float(number["number"])
        if before in says:
            found.pop()
        elif after in says or after == "percent":
            place += 1
        found.append(f"p{share * 100 if share < 1 else share:g}")
    return found
