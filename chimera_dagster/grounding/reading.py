"""Finds in a sentence what claims are made of: models, metrics, figures, comparatives, ... each with its place."""

import re

from chimera_dagster.grounding import numbers
from chimera_dagster.grounding.conditions import take_bare_levels, take_conditions
from chimera_dagster.grounding.dates import DATES, day_parts
from chimera_dagster.grounding.folder import Folder
from chimera_dagster.grounding.lexicon import (
    group_words,
    lexicon,
    list_pattern,
    metric_words,
    parameter_words,
    pattern_of,
    telemetry_words,
)
from chimera_dagster.grounding.mention import Mention, Sentence
from chimera_dagster.grounding.model_names import model_pattern, unknown_model
from chimera_dagster.grounding.scan import Scan
from chimera_dagster.grounding.scan_figures import take_figures

_PERCENTILE = re.compile(
    r"(?<![A-Za-z0-9])p(?P<p>\d{2})(?![A-Za-z0-9])|(?<![A-Za-z0-9])(?P<q>\d{1,2})(?:st|nd|rd|th)[\s-]+percentile"
    r"|(?<![A-Za-z0-9])(?P<s>slowest\s+(?:5|five)\s?(?:%|percent|per cent))"
    r"|(?P<i>95\s?(?:%|percent|per cent)\s*"
    r"(?:(?:t-|bootstrap[\s-]|confidence[\s-])*(?:interval|CI))(?:\s+of the (?P<of>mean|median))?)",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"\b(?:RTX|GTX|RX|Arc|Tesla|EPYC|Ryzen|Quadro|Radeon|Apple)\s+[A-Za-z-]{0,8}\d[\w-]{0,12}|\b[AHVLTB]\d{2,3}\b"
)
_QUOTED = re.compile(r"[\"“”'‘`(]([A-Za-z0-9.*-]*_[A-Za-z0-9_.*-]*)[\"“”'’`)]")
# words that look like a superlative or a comparative and are none
_IDLE = re.compile(
    r"(?<!\w)(?:(?:leads?|leading) to|"
    r"(?:more|less|fewer|greater) than(?=\s*\x01)"
    r"|costs?(?=\s*\x01)|at (?:least|most)|or (?:more|less|fewer|longer|later|higher)"
    r"|no (?:more|less|fewer|later|longer) than|(?:many|much|and) more(?!\s+than)"
    r"|more (?:detailed|comprehensive|complete|thorough|in-depth|information|context|data))(?!\w)",
    re.IGNORECASE,
)


def read(text: str, folder: Folder) -> Sentence:
    """A sentence of a document with everything in it that a claim can be about."""
    scan = Scan(numbers.plain_digits(text), folder)
    _take_names(scan)
    take_conditions(scan)
    take_figures(scan)
    take_bare_levels(scan)
    _take_words(scan)
    return Sentence(text, sorted(scan.found, key=lambda each: (each.start, each.end)))


def _take_names(scan: Scan) -> None:
    for match in scan.each(re.compile(r"https?://\S+")):
        scan.take(Mention("link", *match.span(), match[0]))
    for match in scan.each(_DEVICE):
        scan.take(Mention("link", *match.span(), match[0]))
    endings = "|".join(lexicon().file_endings)
    for match in scan.each(re.compile(rf"(?<![\w/.])[\w./@+-]*\w\.(?:{endings})(?![\w/])", re.IGNORECASE)):
        scan.take(Mention("file", *match.span(), match[0], match[0]))
    for match in scan.each(DATES):
        scan.take(Mention("date", *match.span(), match[0], values=(), many=day_parts(match)))
    known = model_pattern(scan.folder.models)
    for pattern, names in known:
        for match in scan.each(pattern):
            scan.take(Mention("model", *match.span(), match[0], names[0], many=names))
    for match in scan.each(unknown_model()):
        scan.take(Mention("unknown_model", *match.span(), match[0], match[0]))
    for match in scan.each(re.compile(r"(?<![\w.])\d+(?:\.\d+)?[bm](?!\w)", re.IGNORECASE)):
        scan.take(Mention("size", *match.span(), match[0], match[0].lower()))
    for match in scan.each(_QUOTED):
        scan.take(Mention("name", match.start(1), match.end(1), match[1], match[1]))
    for match in scan.each(_PERCENTILE):
        meaning = "interval" if match["i"] else "p95" if match["s"] else f"p{int(match['p'] or match['q']):02d}"
        if match["i"] and (match["of"] or "").lower() == "median":
            meaning = "median_interval"
        scan.take(Mention("aggregate", *match.span(), match[0], meaning))


def _take_words(scan: Scan) -> None:
    for match in scan.each(_IDLE):
        scan.take(Mention("link", *match.span(), match[0]))
    scan.by_words("telemetry", telemetry_words())
    scan.by_words("metric", metric_words())
    scan.by_words("parameter", parameter_words())
    for match in scan.each(re.compile(r"(?<!\w)temperatures?(?!\w)", re.IGNORECASE)):
        scan.take(Mention("telemetry", *match.span(), match[0], "temperature"))
    scan.by_list("unmeasured", list_pattern("unmeasured"))
    _take_ordinals(scan)
    scan.by_list("significant", list_pattern("significant"))
    scan.by_list("same", list_pattern("same"))
    scan.by_words("verb", group_words("verbs"))
    scan.by_words("superlative", group_words("superlatives"))
    scan.by_words("comparative", group_words("comparatives"))
    scan.by_list("effect", list_pattern("effects"))
    scan.by_words("direction", group_words("directions"))
    scan.by_list("single", list_pattern("single_run"))
    scan.by_words("runs", group_words("runs"))
    scan.by_words("aggregate", group_words("aggregates"))
    scan.by_list("negation", pattern_of([word for word in lexicon().negations if word != "n't"]))
    scan.by_list("negation", re.compile(r"n't(?!\w)", re.IGNORECASE))


def _take_ordinals(scan: Scan) -> None:
    places = "|".join(lexicon().ordinals)
    best = group_words("superlatives").pattern.pattern
    patterns = (
        rf"(?<!\w)(?P<place>{places})[\s-]+(?P<word>{best})",
        rf"(?<!\w)(?:ranks?|ranked|ranking|comes?|came|finish(?:es|ed)?|placed?|places|is|in|takes|took)\s+(?:in\s+|at\s+)?(?:the\s+)?(?P<place>{places}|last)"
        r"(?:\s+(?:place|position|rank))?(?!\s+token)(?!\w)",
        r"(?<!\w)(?:rank(?:s|ed)?|place[sd]?)\s+(?:#|no\.?\s*|number\s+)(?P<place>\d)(?!\w)",
    )
    for pattern in patterns:
        for match in scan.each(re.compile(pattern, re.IGNORECASE)):
            place = match["place"].lower()
            word = match.groupdict().get("word")
            side = group_words("superlatives").meaning(word) if word else "good_best"
            if place == "last":
                place, side = "first", "good_worst"
            number = int(place) if place.isdigit() else lexicon().ordinals[place]
            scan.take(Mention("superlative", *match.span(), match[0], side, (float(number),)))
