"""What a column, or a group of columns, is about: a model, a quantization, a GPU, one side of a comparison."""

import re

from chimera_dagster.ingest.gpu_names import is_card, names_gpu
from chimera_dagster.ingest.model_names import is_model, model_in_text
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.surroundings.path_names import card_in_name
from chimera_dagster.ingest.tables.parts import is_setting

_RUN = re.compile(r"#?(?:(?:run|trial|iteration|repeat|seed)[ _#-]?)?(?P<number>\d{1,6})", re.IGNORECASE | re.ASCII)
_QUANTIZATION = re.compile(
    r"(?:(?:ud-)?i?q\d[\w.]*|[bf]p?16|fp?(?:32|8)|b?float(?:16|32)|int[48]|awq|gptq\S*|nf4|mxfp4|\d-?bit)",
    re.IGNORECASE | re.ASCII,
)
_LEVEL = re.compile(r"(?P<name>[A-Za-z][A-Za-z_ ]{0,30}[A-Za-z])[ _-]?(?P<value>\d{1,7})", re.ASCII)
_LEVEL_FIRST = re.compile(r"(?P<value>\d{1,7})[ _-]?(?P<name>[^\W\d](?:[\w -]{0,30}[^\W\d])?)")
_NUMBERED = re.compile(r"(?P<first>\d{1,5})[-_ /](?P<after>\S.*)|(?P<before>.*\S)[-_ /](?P<last>\d{1,5})")
_VARIANTS = frozenset(
    {"baseline", "base", "current", "now", "previous", "prev", "before", "after", "candidate", "control", "treatment"}
    | {"reference", "old", "new", "original", "optimized", "optimised", "tuned", "default", "patched", "proposed"}
    | {"ours", "cold", "warm", "hot", "cached", "uncached"}
)
_SIZED = re.compile(
    r"\d{1,3}(?:\.\d)?[BM](?:[ -](?:i?q\d\w*|[bf]p?16|fp8|int[48]|awq|gptq))?", re.IGNORECASE | re.ASCII
)
_CHANGES = frozenset(
    {"delta", "change", "diff", "difference", "improvement", "speedup", "ratio", "gain", "winner"}
    | {"percent", "percentage", "pct", "差异", "差值", "变化", "百分比", "提升"}
)
_DEVICES = frozenset({"cpu", "gpu"})
SIDE = "variant"
_PAIR = re.compile(r"(?P<name>[^=:]{1,40})[=:]\s*+(?P<value>\S.*)")


def is_run(name: str) -> bool:
    """Whether a name only numbers a run: `Run 3`, `#3`, `3`."""
    return _RUN.fullmatch(name) is not None


def is_side(name: str) -> bool:
    """Whether a column beside one of metrics may be one of a transposed table although its name is known.

    That is so of runs, devices, and comparisons of the other columns.
    """
    return is_run(name) or normal(name)[0] in _DEVICES or is_change(name)


def subject_of(text: str) -> tuple[str, str]:
    """What a column's header is about, as a name and its value: a model unless it says otherwise."""
    if (pair := _PAIR.fullmatch(text)) and is_setting(pair["name"]):
        return pair["name"].strip(), pair["value"].strip()
    if (run := _RUN.fullmatch(text)) and not is_card(text):
        return "run", run["number"]
    level = _LEVEL.fullmatch(text) or _LEVEL_FIRST.fullmatch(text)
    kind = _kind_of(text)
    if kind == "model" and level and role_of(level["name"])[0] in ("condition", "parameter"):
        return level["name"], level["value"]
    return kind, text


def _kind_of(text: str) -> str:
    if _QUANTIZATION.fullmatch(text):
        return "quantization"
    if normal(text)[0] in _DEVICES:
        return "device_type"
    if names_gpu(text) and model_in_text(text) is None:
        return "gpu"
    return SIDE if is_variant(text) or not any(map(str.isalpha, text)) else "model"


def is_variant(text: str) -> bool:
    """Whether a text is what a comparison calls one of its sides: `baseline`, `Q4_K_M now`."""
    *before, last = text.split() or [""]
    return normal(last)[0] in _VARIANTS and all(map(_QUANTIZATION.fullmatch, before))


@remembered(maxsize=10_000)
def subjects_of(text: str) -> tuple[tuple[str, str], ...]:
    """What the header of a column is about, also if it joins a number to a name: `8-lynx:7b`, `RTX 4090-16`.

    What such a number counts is not said, so it is a `variant`; of a name that nothing knows, the whole header is.
    """
    kind, value = subject_of(text)
    found = numbered_in(text) if kind in ("model", "gpu") else None
    if found is None:
        return ((kind, value),)
    name, number = found
    if card := card_in_name(name):
        return ("gpu", card), (SIDE, number)
    return (("model", name), (SIDE, number)) if names_model(name) else ((SIDE, text),)


@remembered(maxsize=10_000)
def numbered_in(text: str) -> tuple[str, str] | None:
    """The name and the number that a text joins; None if it is none, or a model's name."""
    found = _NUMBERED.fullmatch(text)
    if found is None or (is_model(text) and not (found["after"] and is_model(found["after"]))):
        return None
    return found["after"] or found["before"], found["first"] or found["last"]


@remembered(maxsize=10_000)
def is_change(name: str) -> bool:
    """Whether a column or a key compares others: `Delta`, `improvement %`."""
    plain = normal(name)[0].removesuffix("_percent").strip("_")
    numbered = _NUMBERED.fullmatch(name)
    rest = (numbered["after"] or numbered["before"]).strip() if numbered else ""
    return plain in _CHANGES or rest == "%" or (rest != "" and normal(rest)[0] in _CHANGES)


def names_model(text: str) -> bool:
    """Whether a text names a model, perhaps by its size alone: `7B`."""
    return model_in_text(text) is not None or _SIZED.fullmatch(text) is not None
