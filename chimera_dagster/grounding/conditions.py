"""Conditions as prose names them: requests at once, prompts of so many words, answers of so many tokens."""

import re

from chimera_dagster.evidence.setups import TRENDS
from chimera_dagster.grounding import numbers
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.scan import HIDDEN, Scan

_N = r"(?:\d{1,6}|one|two|three|four|eight|sixteen|thirty-two|a single|single)"
_NEXT = r"(?:\s*(?:,|,?\s*and|to|or|-|–|through|up to|versus|than)\s*)"
_MANY = rf"(?P<values>{_N}(?:{_NEXT}{_N}){{0,8}})"
_WHO = r"(?:requests?|users?|clients?|streams?|sessions?|callers?|calls?)"
_TOGETHER = r"(?:at once|at a time|at the same time|in parallel|in flight|concurrently|simultaneously|together)"
_ANSWER = r"(?:answers?|outputs?|repl(?:y|ies)|completions?)"
_PATTERNS = (
    ("concurrency", rf"{_MANY}[\s-]+(?:concurrent|simultaneous|parallel)[\s-]+{_WHO}"),
    ("concurrency", rf"{_MANY}[\s-]+{_WHO}[\s-]+{_TOGETHER}"),
    ("concurrency", rf"{_MANY}[\s-]+{_WHO}\s+to\s+(?P<more>{_N})(?:\s+{_WHO})?\s+{_TOGETHER}"),
    ("concurrency", rf"{_MANY}[\s-]+way concurrency"),
    (
        "concurrency",
        r"(?:concurrency|concurrencies|load)(?:\s+levels?)?\s*(?:=|:|of|at|from|is|between)?\s*"
        rf"{_MANY}(?![\w.]*\d|\s*(?:tok|ms|s\b|%))",
    ),
    ("prompt_words", rf"(?:prompts?\s+(?:of|with)\s+)?{_MANY}[\s-]+words?(?:\s+prompts?)?"),
    (
        "output_tokens",
        rf"{_ANSWER}\s+(?:lengths?\s+)?(?:of|limited to|capped at|from|with)\s+(?:up to\s+)?{_MANY}\s+tokens?",
    ),
    ("output_tokens", rf"{_MANY}[\s-]+tokens?[\s-]+{_ANSWER}"),
)
_NAMES = (
    (
        "prompt_words",
        r"(?:longer|shorter|long|short|larger|smaller)\s+prompts?|prompt(?:s'?|'s)?\s+(?:length|size)s?"
        r"|length of (?:the |a )?prompts?",
    ),
    (
        "output_tokens",
        r"(?:longer|shorter|long|short)\s+(?:answers?|outputs?)|(?:answer|output) lengths?"
        r"|length of (?:the |an )?(?:answers?|outputs?)",
    ),
    (
        "concurrency",
        r"concurrency|parallelism|requests at once|concurrent requests|simultaneous requests"
        r"|load(?=\s+(?:grows|rises|increases|falls))|(?<=under )(?:heavy |heavier |high |higher )?load",
    ),
)
_BARE = re.compile(r"\b(?:at|with|from|to|beyond|past|above|until|of|than)\s+$", re.IGNORECASE)
_COMPILED = [(name, re.compile(rf"(?<![\w.]){pattern}(?!\w)", re.IGNORECASE)) for name, pattern in _PATTERNS]
_COMPILED_NAMES = [(name, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)) for name, pattern in _NAMES]
_TURNED = re.compile(r"^(?:longer|larger|shorter|smaller)\s+", re.IGNORECASE)


def take_conditions(scan: Scan) -> None:
    """Levels of conditions that the folder has; `longer prompts` leaves its comparative to be read."""
    for name, pattern in _COMPILED:
        if name in scan.folder.params:
            for match in scan.each(pattern):
                values = _values(f"{match['values']}, {match.groupdict().get('more') or ''}")
                scan.take(Mention("parameter", *match.span(), match[0], name, values))
    for name, pattern in _COMPILED_NAMES:
        if name in scan.folder.params:
            for match in scan.each(pattern):
                turned = _TURNED.match(match[0])
                start = match.start() + (turned.end() if turned else 0)
                if HIDDEN not in scan.left[start : match.end()]:
                    scan.take(Mention("parameter", start, match.end(), scan.text[start : match.end()], name))


def _values(text: str) -> tuple[float, ...]:
    words = [word.strip() for word in re.split(_NEXT, text.lower())]
    return tuple(_value(word) for word in words if word)


def _value(word: str) -> float:
    if word.isdigit():
        return float(word)
    return 1.0 if word.endswith("single") else numbers.word_value(word)


def take_bare_levels(scan: Scan) -> None:
    """`at 32`, after a clause that names the condition: a number without a unit that is one of its levels."""
    names = [each for each in scan.found if each.kind == "parameter" and each.meaning in TRENDS]
    for place, each in enumerate(scan.found):
        number = each.number
        if (
            each.kind != "number"
            or number is None
            or number.unit is not None
            or not _BARE.search(scan.text[: each.start])
        ):
            continue
        for named in names:
            if named.end <= each.start and number.value in scan.folder.params.get(named.meaning, ()):
                scan.found[place] = Mention(
                    "parameter", each.start, each.end, each.text, named.meaning, (number.value,)
                )
                break
