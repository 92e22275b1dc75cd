"""What was measured and what was not, and names that the folder does not have."""

import re
from collections.abc import Iterator

from chimera_dagster.evidence.measures import SCORES
from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.folder import Folder, plain_name
from chimera_dagster.grounding.lexicon import lexicon
from chimera_dagster.grounding.mention import Mention, Sentence
from chimera_dagster.grounding.rules.terms import Within
from chimera_dagster.grounding.rules.typed import metric_named

_QUALITY = ("accuracy", "quality", "score", "perplexity", "correct")
_MEASURED = re.compile(
    r"\b(?:un)?(?:measured|recorded|tracked|logged|captured|collected|monitored|reported|available)\b"
    r"|\b(?:no file|nothing|none)\b[^.;]{0,40}\b(?:measures?|records?|says?|names?|has|have)\b",
    re.IGNORECASE,
)
_NO_NUMBER = re.compile(r"\bno (?:numbers?|figures?|measurements?|results?|data)\b", re.IGNORECASE)
_WAS_MEASURED = re.compile(
    r"\b(?:was|were|is|are|been|being)(?: also| all| both)? "
    r"(?:measured|recorded|tracked|logged|captured|collected|monitored|reported|available)\b",
    re.IGNORECASE,
)
_LACKING = frozenset(
    [
        "not",
        "n't",
        "no",
        "none",
        "neither",
        "nor",
        "never",
        "without",
        "lacks",
        "lack",
        "lacking",
        "missing",
        "absent",
        "unavailable",
        "unknown",
        "nothing",
        "omit",
        "omits",
        "cannot",
    ]
)


def lack_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """`power was not measured`, `memory was recorded`: whether any file has it."""
    lacking = [each for each in clause.of("negation") if each.text.lower() in _LACKING]
    things = clause.all_of("telemetry", "metric", "unmeasured")
    seen = _MEASURED if lacking or "unmeasured" in clause.text.lower() else _WAS_MEASURED
    if (
        not things
        or not seen.search(clause.text)
        or clause.all_of("comparative", "superlative", "effect", "direction", "same")
    ):
        return
    if [each for each in clause.of("number") if each.number and each.number.unit]:
        return
    clause.use(*lacking)
    lacks = seen is _MEASURED
    for thing in things:
        if re.match(r"\s+under load", clause.sentence.text[thing.end :], re.IGNORECASE):
            continue
        files = _files_of(within.folder, thing)
        if lacks == bool(files):
            yield contradicted(
                "lack", clause.text, f"{thing.text} {'was' if files else 'was not'} measured", ", ".join(files[:3])
            )
        else:
            yield supported("lack", clause.text, f"{thing.text}: {', '.join(files[:3]) or 'in no file'}")


def _files_of(folder: Folder, thing: Mention) -> list[str]:
    """Files with a metric, a kind of telemetry or, for a word of quality, a score."""
    wanted = {metric_named(thing)}
    if thing.kind == "telemetry":
        entry = lexicon().telemetry.get(thing.meaning)
        wanted |= set(entry.metrics if entry else ())
        if thing.meaning == "any":
            wanted = {metric for each in lexicon().telemetry.values() for metric in each.metrics}
        if thing.meaning == "memory":
            wanted |= {"gpu_mem_used_mib"}
    if any(word in thing.text.lower() for word in _QUALITY):
        wanted |= {measure.metric for measure in SCORES}
    table = folder.data.table
    return sorted(map(str, table.loc[table["metric"].isin(list(wanted)).to_numpy(), "file"].unique()))


def missing_claims(sentence: Sentence, folder: Folder) -> Iterator[Claim]:
    """Models and files that a sentence names and the folder does not have."""
    for mention in sentence.mentions:
        if mention.kind == "unknown_model":
            yield unsupported("model", mention.text, "no such model in the folder", ", ".join(folder.models))
        elif mention.kind == "file":
            names = {plain_name(mention.text), plain_name(mention.text.rpartition("/")[2])}
            if names.isdisjoint(folder.experiments):
                yield unsupported("file", mention.text, "no file of this name in the folder")


def name_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """Values of a parameter and kinds of telemetry that the folder does not have, and files without numbers."""
    folder = within.folder
    for mention in clause.mentions:
        match mention.kind:
            case "file" if _NO_NUMBER.search(clause.text):
                yield from _empty(clause, folder, mention)
            case "parameter":
                yield from _levels(clause, within, mention)
            case "unmeasured" | "telemetry" if (
                not _files_of(folder, mention) and not clause.all_of("negation") and not clause.is_advice
            ):
                yield unsupported("telemetry", mention.text, "no file measures it")
            case _:
                pass


def _empty(clause: Clause, folder: Folder, mention: Mention) -> Iterator[Claim]:
    """`README.md holds no number`."""
    clause.use(*clause.of("negation"))
    paths = folder.experiments[plain_name(mention.text)]
    rows = folder.files[folder.files["path"].isin(list(paths)).to_numpy()]
    numbers = int(rows["measurements"].sum())
    verdict = contradicted if numbers else supported
    yield verdict("lack", clause.text, f"{mention.text} has {numbers} numbers that were read")


def _levels(clause: Clause, within: Within, mention: Mention) -> Iterator[Claim]:
    known = within.folder.params.get(mention.meaning, set())
    for value in mention.values:
        if value not in known and not re.search(r"n't|\bnot\b|\bno\b", clause.text):
            listed = ", ".join(f"{each:g}" for each in sorted(known))
            yield contradicted(
                "parameter", f"{mention.meaning}={value:g}", "no run has it", f"{mention.meaning}: {listed}"
            )
