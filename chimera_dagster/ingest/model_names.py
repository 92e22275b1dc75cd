"""Names of models in texts that say other things too: paths, headings, captions, keys.

A name is known by its size (`acme-coder_30b`), its family and version (`gemma3`, `gpt-4o`) or its tag (`acme:latest`).
It reaches from there to the next word that says what was done with the model (`ordinary_words` of vocabulary.yaml):
that of `bench-acme-7b-instruct_run2` is `acme-7b-instruct`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.vocabulary import vocabulary

MODEL_NAME = r"[A-Za-z0-9][\w.-]*+(?:/[\w.-]++)*+"
MODEL_TAG = rf"{MODEL_NAME}:(?:latest|(?=[\w.-]*?\d)(?=[\w.-]*?[A-Za-z])[\w.-]++)"  # a time, 10:30, is not one
_REMARK = re.compile(r"[`\s]*\(.*|`.*")  # `gemma3:latest` (4.3B parameters)
_WEIGHTS = re.compile(r"(?<=\w)\.gguf$", re.IGNORECASE)
_DATE = re.compile(r"(?<!\d)20\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?!\d)[-_.]?")
_CACHED = re.compile(r"models--(?P<owner>[\w.-]+?)--(?P<name>[\w.-]+)(?=/snapshots/|$)")
_TAG = re.compile(rf"(?<![\w./:-]){MODEL_TAG}")
_PUBLISHED = re.compile(r"(?<![\w./-])[A-Za-z]{2}[\w.-]*+/(?=[\w.:-]*\d)(?=[\W\d]*[A-Za-z]{2})[\w.:-]*\w")
_OTHER_SCRIPT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]++")  # no name goes on in it
_WORD = re.compile(r"(?:[^\W_]|(?<=\d)\.(?=\d))++")
_SIZE = re.compile(r"e?\d{1,4}(?:\.\d{1,3})?b|\d{1,2}x\d{1,3}(?:\.\d)?b")
_SMALL_SIZE = re.compile(r"\d{2,3}m")  # or minutes
_VERSION = re.compile(r"v?\d{1,3}(?:\.\d{1,3}){0,3}[a-z]?")
_SERIES = re.compile(r"[rk]\d{1,2}(?:\.\d)?")  # of a family, after a space: DeepSeek R1, Kimi K2
_DATE_OR_GPU = re.compile(
    r"20[12]\d|\d{5,}+[a-z]?|b\d{4,5}|[abhlv]\d{2,3}s?|gb\d{3}|mi\d{3}x?|[rg]tx\d{0,4}|t4|[2-5]0[5-9]0(?:ti|d)?"
)
_QUANT = re.compile(r"i?q\d|fp\d{1,2}|f\d{2}|bf16|int\d|w\d{1,2}a\d{1,2}|awq|gptq|gguf|mlx|qat|nf4|mxfp4|nvfp4")
_QUANT_TAIL = re.compile(r"k|[0-9]|[smlx]{1,3}|xxs|nl")
_VARIANT = re.compile(r"it|instruct|chat|base|thinking|preview|distill|vision|vl|coder|latest")
_PARTS_OF_NAMES = frozenset({"flash", "max"})  # of models, though words of the vocabulary
_FOLDERS = frozenset({"docs", "doc", "src", "scripts", "artifacts", "figures", "plots", "lib", "tools", "configs"})
_NOT_ALONE = frozenset({"llama", "gpt"})  # without a version rather llama.cpp, or any
_REGISTRY = (
    r"(?:[\w-]+\.)*(?:nvcr\.io|ghcr\.io|gcr\.io|quay\.io|docker\.io|azurecr\.io|pkg\.dev|mcr\.microsoft\.com|ecr\.aws)"
)
_IMAGE = re.compile(rf"(?<![\w.-]){_REGISTRY}/[\w./-]+(?::[\w.-]+)?(?:@sha256:\w+)?", re.IGNORECASE)  # of containers
_TIGHT, _LONGEST = frozenset("-_:@"), 200  # what joins the words of a name; characters of a text that are looked at


class _Word(NamedTuple):
    """A word in lower case, where it begins and ends, and what stands between the last word and it."""

    text: str
    start: int
    end: int
    before: str


@remembered(maxsize=10_000)
def model_in_text(text: str) -> str | None:
    """The model that a heading, a caption or a line names, as it is written there; None if it names none or several."""
    text = _OTHER_SCRIPT.sub(" · ", _IMAGE.sub("", text[:_LONGEST]))
    names = _names_in(text) or _TAG.findall(text) or [*filter(_is_published, _PUBLISHED.findall(text))]
    found = {name.casefold(): name for name in names}
    return found.popitem()[1] if len(found) == 1 else None


def _is_published(name: str) -> bool:
    """Whether a name with a slash may be a publisher's and not the path of a folder: `docs/release_v0_1`."""
    owner = name.partition("/")[0].lower()
    return owner not in _FOLDERS and not is_ordinary(owner)


@remembered(maxsize=10_000)
def is_model(text: str) -> bool:
    """Whether a key or a text is a model's name and nothing else: `gemma3:270m`, `acme/alpha-7b`, `mistral`."""
    bare = text.strip().removesuffix(".gguf")
    return len(bare) <= _LONGEST and _names_in(bare) == [bare]


@remembered(maxsize=10_000)
def bare_model(text: str) -> str:
    """A model's tag without remarks and the ending of its file.

    '`gemma3:latest` (4.3B parameters)', 'gemma3:latest, dense' and 'gemma3:latest.gguf' are gemma3:latest. It is empty
    for a container image, in which a model may run: `nvcr.io/nvidia/tritonserver:25.08-py3`.
    """
    head, comma, rest = text.partition(",")
    if comma and is_model(head.strip(" *`")) and not _names_in(rest[:_LONGEST]):
        text = head
    bare = _WEIGHTS.sub("", _REMARK.sub("", text.strip(" *`")))
    return "" if _IMAGE.fullmatch(bare) or not re.search("[A-Za-z0-9]", bare) else without_path(bare)


@remembered(maxsize=10_000)
def without_path(model: str) -> str:
    """A model's name instead of the path of its files: lynx-7b of `/data/models/lynx-7b`, or of a hub's cache.

    A name of two parts, `acme/lynx-7b`, is no path, and neither is one at a registry, `hf.co/acme/lynx-7b`.
    """
    if cached := _CACHED.search(model):
        return f"{cached['owner']}/{cached['name']}"
    *folders, last = model.rstrip("/").split("/")
    if not folders or re.search(r":|\w\.\w", folders[0]):  # an address
        return model
    is_path = len(folders) > 1 or folders[0] in ("", ".", "..", "...", "\u2026", "~")
    is_name = re.search("[A-Za-z]{2}", last) and not is_quantization(last)
    return last if is_path and is_name else model


@remembered(maxsize=10_000)
def is_quantization(text: str) -> bool:
    """Whether a text names a quantization or a data type and no model: `Q4_K_M`, `f16`."""
    first, *others = text.strip().lower().removeprefix("ud-").split("_")
    return _QUANT.fullmatch(first) is not None and all(map(_QUANT_TAIL.fullmatch, others))


@remembered(maxsize=10_000)
def model_in_path(path: str) -> str | None:
    """The model that a file's or the nearest folder's name spells: `gemma3_1b-it-qat_x.csv` is gemma3:1b-it-qat.

    If a folder further up spells the same name and more of it, that one counts.
    """
    *folders, file = path.split("/")
    named: list[str] = []
    for part in (file.rpartition(".")[0] or file, *reversed(folders)):
        found = {_as_tag(name) for name in _names_in(_DATE.sub("", part[:_LONGEST]))}
        if len(found) == 1:
            named.append(found.pop())
    return max((name for name in named if name.startswith(named[0])), key=len, default=None)


def _as_tag(name: str) -> str:
    """A name as a tag, in which no file system allows the colon everywhere: `gemma3_1b_it` is gemma3:1b-it."""
    parts: list[str] = []
    for word in _words(name):
        joint = word.before
        if joint in ("_", "@") and ":" not in parts and _is_size(word.text):
            joint = ":"
        elif joint == "_" and _VARIANT.fullmatch(word.text):
            joint = "-"
        parts += [joint, name[word.start : word.end]]
    tag = "".join(parts)
    return tag if ":" not in tag and ("-" in tag or " " in tag) else tag.lower()


def _names_in(text: str) -> list[str]:
    words = _words(text)
    names: list[str] = []
    at = 0  # first word that no name has taken
    for place in range(len(words)):
        if place >= at and (span := _span(words, place, at)):
            names.append(text[words[span.start].start : words[span.stop - 1].end])
            at = span.stop
    return names


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    end = 0
    for found in _WORD.finditer(text):
        words.append(_Word(found[0].lower(), found.start(), found.end(), text[end : found.start()]))
        end = found.end()
    return words


def _span(words: list[_Word], place: int, free: int) -> range | None:
    """The words of the name that the word at `place` gives away; those before `free` are taken."""
    word = words[place]
    of_family = _is_family(word.text)
    if not (of_family or _SIZE.fullmatch(word.text) or (word.before == ":" and word.text == "latest")):
        return None
    first, slashes = place, 0
    while first > free and (words[first].before in _TIGHT or (words[first].before == "/" and not slashes)):
        if is_ordinary(words[first - 1].text):
            break
        first -= 1
        slashes += words[first + 1].before == "/"
    stop = place + 1
    while stop < len(words) and _goes_on(words[stop], words[stop - 1].text, of_family=of_family):
        stop += 1
    taken = words[first:stop]
    if of_family:
        return range(first, stop) if _is_told(taken, words, words[place]) else None
    named = any(len(word.text) > 1 or word.before == ":" for word in taken[: place - first] if word.text.isalpha())
    named = named or any(re.search("[a-z]", word.text) for word in taken[: place - first])
    return range(first, stop) if named else None


def _goes_on(word: _Word, last: str, *, of_family: bool) -> bool:
    """Whether a word belongs to the name that ends in `last` so far."""
    if word.before == " ":
        if _SIZE.fullmatch(last):
            return _VARIANT.fullmatch(word.text) is not None
        is_version = _VERSION.fullmatch(word.text) or _SERIES.fullmatch(word.text)
        return of_family and (_is_size(word.text) or (is_version is not None and _is_family(last)))
    if word.before == "_":
        if _QUANT.fullmatch(last) or last == "k":
            return _QUANT_TAIL.fullmatch(word.text) is not None
        return _is_size(word.text) or any(known.fullmatch(word.text) for known in (_QUANT, _VARIANT))
    return word.before in _TIGHT and not is_ordinary(word.text)


def _is_told(taken: list[_Word], words: list[_Word], family: _Word) -> bool:
    """Whether these words are a model rather than a family alone; `mistral` is one if the text says nothing else."""
    after = [word for word in taken if word.start > family.start]
    if family.text[-1].isdigit() or any(
        _VERSION.fullmatch(word.text) or _is_size(word.text) or (word.before == " " and _SERIES.fullmatch(word.text))
        for word in after
    ):
        return True
    if family.text in _NOT_ALONE:
        return False
    return bool(after) or all(word in taken or is_ordinary(word.text) for word in words)


def _is_size(word: str) -> bool:
    return bool(_SIZE.fullmatch(word) or _SMALL_SIZE.fullmatch(word))


def _is_family(word: str) -> bool:
    return _family().fullmatch(word) is not None


@remembered()
def _family() -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(map(re.escape, vocabulary().families))})(?:\d{{1,2}}(?:\.\d)?[a-z]?)?")


def is_ordinary(word: str) -> bool:
    """Whether a lower-case word is not part of a model's name but says what was done with it, where or when."""
    known = _ordinary_words()
    stem = word.rstrip("0123456789.")
    return word in known or (len(stem) > 1 and stem in known) or _DATE_OR_GPU.fullmatch(word) is not None


@remembered()
def _ordinary_words() -> frozenset[str]:
    words = {word for word in _words_of_names() if not word.isdigit()}  # pass@1, but phi-1
    return frozenset(words - _PARTS_OF_NAMES - {""})


def _words_of_names() -> Iterator[str]:
    """The listed words, and those of the names of metrics, conditions and so on."""
    words = vocabulary()
    yield from words.ordinary_words
    for metric in words.metrics.values():
        for name in metric.names:
            yield from name.split("_")
    for group in (words.context, words.parameters, words.conditions, words.aggregates):
        for names in group.values():
            for name in names:
                yield from name.split("_")
