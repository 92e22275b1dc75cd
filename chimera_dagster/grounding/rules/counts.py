"""Counts of files, models, runs, failures and values."""

import re
from collections.abc import Iterator

from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.lexicon import lexicon, pattern_of
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.rows import Places
from chimera_dagster.grounding.rules.terms import Within, one_model
from chimera_dagster.grounding.rules.typed import span_of
from chimera_dagster.grounding.scope import Scope
from chimera_dagster.schemas import UNREAD_STATUSES

Known = tuple[str, float]
_FAILED = re.compile(r"fail|error|crash|time[ds]? out|timeout|did not succeed|lost", re.IGNORECASE)
_COLD = re.compile(r"cold|load(?:ed|ing)? (?:their|its|the) model", re.IGNORECASE)
_OUT_OF = re.compile(r"\s*(?:out\s+)?of\s+(?:the\s+|its\s+|all\s+)?(?=\d)", re.IGNORECASE)
_WHOLE = re.compile(
    r"\b(?:total|altogether|overall|the folder|folder has|rests? on|based on|comes? from|comprises?|contains?|holds?"
    r"|data set|dataset|were measured|all|out of|\d of(?: the)? \d)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    rf"({'|'.join(lexicon().counted['files'] + lexicon().counted['models'] + lexicon().counted['runs'])})"
    r"(?:\s+(?:analy[sz]ed|read|found|count|measured))?\s*[:=]\s*$",
    re.IGNORECASE,
)
_ALL_MODELS = re.compile(
    r"\b(?:all|the folder|compares?|compared|tests?|tested|measured|covers?|holds?|contains?|there are)\b",
    re.IGNORECASE,
)
_READ = re.compile(r"\b(?:read|usable|with numbers)\b", re.IGNORECASE)
_EACH = re.compile(r"\b(?:settings?|each|per|every)\b", re.IGNORECASE)
_NONE_OF = re.compile(r"\b(?:none|not one|each|every one) of(?: the)? \d", re.IGNORECASE)
_IN_FULL = re.compile(r"\b(?:in full|completely|entirely)\b", re.IGNORECASE)
_FAR = re.compile(r"\b(?:outliers?|far|slower|slow|farther)\b", re.IGNORECASE)
_PART_OF = re.compile(r"\d\s*(?:out\s+)?of\s+(?:the\s+|its\s+|all\s+)?$", re.IGNORECASE)
_NOUN = r"\s+(?:(?!and\b|or\b|of\b|in\b|for\b|to\b)[A-Za-z][\w:.`-]*\s+){0,2}?"


def count_claims(clause: Clause, within: Within) -> Iterator[Claim]:
    """Of each number before a noun that the folder can count; a count that fits none of what it may be is wrong."""
    taken: dict[int, str] = {}
    for mention in [*clause.of("number"), *clause.of("n")]:
        noun = "runs" if mention.kind == "n" else _noun(clause, mention)
        if noun is not None:
            taken[id(mention)] = noun
    for mention in [each for each in clause.mentions if id(each) in taken]:
        clause.use(mention)
        yield _counted(clause, within, mention, taken[id(mention)])


def _noun(clause: Clause, mention: Mention) -> str | None:
    number = mention.number
    if number is None or number.unit is not None or mention.meaning == "factor":
        return None
    after = clause.sentence.text[mention.end : mention.end + 60]
    label = _LABEL.search(clause.sentence.text[max(0, mention.start - 40) : mention.start])
    if label:
        return next(name for name, words in lexicon().counted.items() if label[1].lower() in words)
    if _PART_OF.search(clause.sentence.text[max(0, mention.start - 24) : mention.start]) and _FAILED.search(after):
        return "runs"
    if re.match(r"\s+(?:of (?:them|these)\s+)?(?:were|was|could be) read\b", after):
        return "files"
    out_of = _OUT_OF.match(after)
    if out_of:
        after = re.sub(r"^[\d,]+", "", after[out_of.end() :])
    for name, words in lexicon().counted.items():
        if re.match(rf"{_NOUN}(?:{pattern_of(words).pattern})", after, re.IGNORECASE):
            return name
    return None


def _counted(clause: Clause, within: Within, mention: Mention, noun: str) -> Claim:
    text = span_of(clause, mention, 24)
    value = mention.values[0] if mention.kind == "n" else mention.number.value if mention.number else 0.0
    known = [each for scope in _without_files(clause, within) for each in _known(clause, scope, mention, noun)]
    fitting = [
        words
        for words, count in known
        if count == value or (mention.number and mention.number.approximate and mention.number.fits(count))
    ]
    if fitting:
        # A count in parentheses or beside a metric is a detail, as n is, and bears out nothing else that is said.
        inside = clause.sentence.text[: mention.start].count("(") > clause.sentence.text[: mention.start].count(")")
        detail = (
            noun == "models"
            or inside
            or any(each.end <= mention.start for each in clause.all_of("metric", "aggregate"))
        )
        return supported("n" if detail else "count", text, f"{fitting[0]}: {value:g}")
    if not known:
        return unsupported("count", text, f"{noun} of what is not said")
    says = "; ".join(f"{words}: {count:g}" for words, count in known[:4])
    is_part = _OUT_OF.match(clause.sentence.text, mention.end) is not None
    told = _FAILED.search(clause.text) or _COLD.search(clause.text)
    if noun == "runs" and not (told if is_part else _WHOLE.search(clause.text)):
        return unsupported("count", text, "which runs are counted is not said", says)
    if noun == "models" and not _ALL_MODELS.search(clause.text):
        return unsupported("count", text, "which models are counted is not said", says)
    if mention.number is not None and mention.number.bound:
        return unsupported("count", text, "a bound of a count", says)
    return contradicted("count", text, "the folder counts otherwise", says)


def _known(clause: Clause, within: Within, mention: Mention, noun: str) -> list[Known]:
    """What a count of a noun can be, in words and as a number."""
    model = one_model(clause.bind(mention, ("model",)))
    around = clause.sentence.text[max(0, mention.start - 40) : mention.end + 60]
    match noun:
        case "files":
            return _files(clause, within, around)
        case "unread":
            return [("unread files", float(within.folder.files["status"].isin(UNREAD_STATUSES).sum()))]
        case "models":
            named = {name for each in clause.sentence.mentions if each.kind == "model" for name in each.many}
            in_sentence = [("models in this sentence", float(len(named)))] if len(named) > 1 else []
            return [("models", float(len(within.folder.models))), *in_sentence]
        case "failures":
            return _failures(within, model)
        case "values" | "sets":
            names = [each.meaning for each in clause.all_of("parameter")]
            values = [(f"values of {name}", float(len(within.folder.params.get(name, ())))) for name in names]
            return [*values, *_settings(within, model)] if names or noun == "sets" else []
        case _:
            return _records(clause, within, model, around)


def _files(clause: Clause, within: Within, around: str) -> list[Known]:
    files = within.folder.files
    in_full = ("files read in full", float((files["status"].astype("str") == "ok").sum()))
    if _IN_FULL.search(clause.text) or _NONE_OF.search(around):
        several = len(_bare_numbers(clause)) > 1 or not _IN_FULL.search(clause.text)
        return [in_full, *([("files", float(len(files)))] if several else [])]
    kinds = files["kind"].astype("str").value_counts().items()
    found = [
        (f"{kind} files", float(count))
        for kind, count in kinds
        if re.search(rf"\b{kind} files?\b", around, re.IGNORECASE)
    ]
    if not found:
        found = [("files", float(len(files))), *([in_full] if _READ.search(clause.text) else [])]
    if _FAILED.search(clause.text):
        found.append(("files with failed runs", float(within.folder.failed["file"].nunique())))
    return found


def _settings(within: Within, model: str | None) -> list[Known]:
    folder = within.folder
    shared = [len(each.contest.setups) for metric in folder.metrics for each in folder.contests(metric)]
    usual = {folder.rows.settings(each) for each in _usual(within, model)}
    return [
        *(("shared settings", float(count)) for count in shared),
        *(("settings of the usual conditions", float(count)) for count in usual),
    ]


def _records(clause: Clause, within: Within, model: str | None, around: str) -> list[Known]:
    if _FAILED.search(around):
        of_model, of_all = (_runs(within, each, failed=True) for each in (model, None))
        return [*_failures(within, model), *of_model, *of_all]
    found = _runs(within, model, failed=False)
    if _FAR.search(clause.text):
        found += [(f"outliers of {each.model}", float(len(each.rows))) for each in within.folder.outliers]
    found += [("warm runs of the usual conditions", float(len(each))) for each in _usual(within, model)]
    if _EACH.search(clause.text):
        found += [("runs of a setting", float(count)) for count in within.folder.rows.runs_a_setting()]
    return [*found, *(_cold(within, model) if _COLD.search(around) else [])]


def _bare_numbers(clause: Clause) -> list[Mention]:
    return [each for each in clause.mentions if each.number is not None and each.number.unit is None]


def _without_files(clause: Clause, within: Within) -> list[Within]:
    """A file that a clause of several counts names may be that of one of them."""
    several = len(_bare_numbers(clause)) > 1
    return [within, within._replace(files=None)] if several and within.files is not None else [within]


def _usual(within: Within, model: str | None) -> list[Places]:
    """The warm runs of the usual conditions, by metric."""
    rows = within.folder.rows
    return [rows.usual(rows.places(Scope(metric, model, (), "warm"))) for metric in rows.units]


def _failures(within: Within, model: str | None) -> list[Known]:
    failed = within.folder.failed
    rows = failed if within.files is None else failed[failed["file"].isin(list(within.files)).to_numpy()]
    of_model = [] if model is None else [(f"failures of {model}", float((rows["model"] == model).sum()))]
    return [*of_model, ("failures", float(len(rows)))]


def _cold(within: Within, model: str | None) -> list[Known]:
    runs = within.folder.records
    rows = runs if model is None else runs[(runs["model"] == model).to_numpy()]
    return [("cold runs", float(rows["cold"].sum())), ("warm runs", float((~rows["cold"]).sum()))]


def _runs(within: Within, model: str | None, *, failed: bool) -> list[Known]:
    """Runs of all, of a model, of a file, and of each setting; failed ones may be counted with them."""
    runs, lost = within.folder.records, within.folder.failed
    if within.files is not None:
        runs, lost = (rows[rows["file"].isin(list(within.files)).to_numpy()] for rows in (runs, lost))
    if model is not None:
        runs, lost = (rows[(rows["model"] == model).to_numpy()] for rows in (runs, lost))
    whose = f" of {model}" if model else ""
    found = [(f"runs{whose}", float(len(runs))), (f"runs{whose}, failed ones included", float(len(runs) + len(lost)))]
    found += [(f"runs of {name}", float(count)) for name, count in runs["model"].value_counts().items()]
    found += [(f"runs{whose} in {file}", float(count)) for file, count in runs["file"].value_counts().items()]
    if failed:
        of_failing = runs[runs["file"].isin(list(lost["file"].unique())).to_numpy()]
        found.append((f"runs{whose} in the files with failures", float(len(of_failing) + len(lost))))
    return found
