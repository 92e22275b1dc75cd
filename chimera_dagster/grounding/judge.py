"""The claims of a sentence about a folder, each executed on it."""

import re
from collections.abc import Iterator

from chimera_dagster.grounding.claim import Claim, unsupported
from chimera_dagster.grounding.clause import Clause, clauses
from chimera_dagster.grounding.folder import Folder, plain_name
from chimera_dagster.grounding.lexicon import is_plain, list_pattern
from chimera_dagster.grounding.mention import Mention, Sentence
from chimera_dagster.grounding.reading import read
from chimera_dagster.grounding.rules.changes import added_claims, from_to_claims
from chimera_dagster.grounding.rules.counts import count_claims
from chimera_dagster.grounding.rules.days import day_claims
from chimera_dagster.grounding.rules.effects import direction_claims
from chimera_dagster.grounding.rules.figures import figure_claims
from chimera_dagster.grounding.rules.knees import best_level_claims, knee_claims, tail_claims
from chimera_dagster.grounding.rules.lacks import lack_claims, missing_claims, name_claims
from chimera_dagster.grounding.rules.orders import order_claims
from chimera_dagster.grounding.rules.terms import Within
from chimera_dagster.grounding.rules.ties import elsewhere_claims, tie_claims

_WORD = re.compile(r"[^\W\d_]{3,}")
# In this order: each rule takes the words and figures that it has read, and leaves the rest to the next.
_RULES = (
    count_claims,
    tie_claims,
    elsewhere_claims,
    knee_claims,
    best_level_claims,
    tail_claims,
    from_to_claims,
    added_claims,
    direction_claims,
    order_claims,
    figure_claims,
    lack_claims,
    day_claims,
    name_claims,
)
_PRONOUN = re.compile(
    r"^\W*(?:(?:And|But|Also|Moreover|Thus|Here|There|Once \w+)[,\s]+)?"
    r"(?:it|its|the (?:former|same) model|this model|that model)\b",
    re.IGNORECASE,
)
_LEADING = re.compile(r"\W*(?:in|for|within|during|on|across|over|according to)\b[^,;:]{1,80}", re.IGNORECASE)
_BECAUSE = re.compile(
    r"\b(?:because|due to|owing to|thanks to|caused by|as a result of|driven by|explained by)\b", re.IGNORECASE
)
_SINCE = re.compile(r"\W*(?:as|since)\b", re.IGNORECASE)
_MODAL = re.compile(
    r"\b(?:should|recommend\w*|must|ought to|needs? to|(?:is|are) best|advis\w+|advice|our pick|better off)\b",
    re.IGNORECASE,
)
_IN_PARENTHESES = re.compile(r"\([^()]{0,200}\)")  # where something was found, not what is meant
_RUNS_OF = re.compile(
    r"\b(?:in|within|of|for|during|across|from|by|on)\s+(?:the\s+|its\s+|all\s+|our\s+)?$", re.IGNORECASE
)
_KINDS = (
    r"(?:experiments?|runs?|sweeps?|tests?|suites?|files?|sessions?|measurements?|folder|study|series|part|data"
    r"|benchmarks?|baselines?)"
)


def claims_of(text: str, folder: Folder, about: list[Mention]) -> tuple[list[Claim], list[Mention]]:
    """The claims of one sentence, and the models that a pronoun of the next one stands for; `about` are its own."""
    sentence = read(text, folder)
    leading = _LEADING.match(text)
    files = files_of(leading[0], folder) if leading else None
    named = [mention for mention in sentence.mentions if mention.kind == "model"]
    pronoun = _PRONOUN.match(text) is not None
    found = list(missing_claims(sentence, folder))
    if found:  # what is said of a model or a file that is not there can't be judged by what is
        return found, about
    for clause in clauses(sentence, folder):
        if pronoun and not clause.models and not clause.carry.models:
            clause.carry.models = about
        found += _of_clause(clause, Within(folder, files_of(clause.text, folder) or files))
    if found and all(claim.verdict == "supported" for claim in found):
        found += _unread_words(sentence, folder)
    return list(dict.fromkeys(found)), named or about


def _unread_words(sentence: Sentence, folder: Folder) -> Iterator[Claim]:
    """What a sentence says in words that were not read may be wrong, however right its figures are."""
    text = list(sentence.text)
    for mention in sentence.mentions:
        text[mention.start : mention.end] = " " * (mention.end - mention.start)
    names = {word for name in folder.experiments for word in name.split()}
    words = [word for word in _WORD.findall("".join(text)) if not is_plain(word.lower()) and word.lower() not in names]
    if words:
        yield unsupported("data", sentence.text, f"'{words[0]}' was not read")


def _is_advice(text: str) -> bool:
    return _MODAL.search(text) is not None or any(
        re.search(r"(?:^|[,;:—–]\s+)\W*$", text[: match.start()])
        for match in list_pattern("imperatives").finditer(text)
    )


def files_of(text: str, folder: Folder) -> frozenset[str] | None:
    """The files that a sentence limits itself to by name: a path, a folder, `the top_k sweep`, `session 2`."""
    words = plain_name(_IN_PARENTHESES.sub(" ", text))
    found: frozenset[str] | None = None
    for name, paths in folder.experiments.items():
        if len(paths) == len(folder.files) or len(name) < 4:
            continue
        for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", words):
            is_file = "." in name or "/" in name or any(char.isdigit() for char in name)
            after = words[match.end() :]
            if (
                is_file
                or re.match(rf"\s+{_KINDS}\b", after)
                or (_RUNS_OF.search(words[: match.start()]) and re.match(r"\W*(?:[,.;:]|$)", after))
            ):
                found = paths if found is None else (found & paths or found | paths)
    return found


def _of_clause(clause: Clause, within: Within) -> Iterator[Claim]:
    found = [claim for rule in _RULES for claim in rule(clause, within)]
    yield from found
    for mention in clause.of("figure"):
        yield unsupported("figure", mention.text, "a figure that says nothing about what it is")
    left = [
        each
        for each in clause.of(
            "number", "comparative", "verb", "superlative", "direction", "effect", "same", "significant"
        )
        if each.text.lower() not in ("one", "two", "three", "matter", "matters")
    ]
    if left and clause.all_of("number", "metric", "telemetry", "model", "parameter"):
        yield unsupported("data", clause.text, f"'{left[0].text}' is about nothing that the words identify")
    elif _is_advice(clause.sentence.text) and any(claim.verdict == "supported" for claim in found):
        yield unsupported("advice", clause.text, "advice, which can't be computed")
    elif clause.of("negation"):
        yield unsupported("data", clause.text, f"'{clause.of('negation')[0].text}' denies what can't be told")
    elif _BECAUSE.search(clause.text) or (_SINCE.match(clause.text) and not found):
        yield unsupported("data", clause.text, "a cause, which can't be computed")
