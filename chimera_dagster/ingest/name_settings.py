"""Settings in the names of files and folders: `bs8_in512_out128.csv`, `tp2-c16.json`, `results_fp8/run.json`.

A part of a name is a setting of its file if the same part of another file's name has another value: names that are
alike but for such values belong together. What a file says itself comes first. Unnamed numbers, `20002+1000+64.csv`,
are settings if a log beside the files says what each of them is.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.context import Condition, Conditions, Setting, Settings
from chimera_dagster.ingest.discover import OTHER, FoundFile
from chimera_dagster.ingest.model_names import model_in_path
from chimera_dagster.ingest.parameter_values import parameter
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.repeats import counts_up
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.surroundings.path_names import names_in_part, parts_of
from chimera_dagster.ingest.text import decode

_LONGEST = 200  # characters of a part that are looked at
_MOST_VALUES = 200  # of a setting among names that are alike: more of them are ids
_SHORT = {  # besides the names of the vocabulary
    **dict.fromkeys(("bs", "batch", "bsz"), "batch_size"),
    **dict.fromkeys(("in", "input", "il", "prompt", "inp"), "prompt_tokens"),
    **dict.fromkeys(("out", "output", "ol", "gen"), "output_tokens"),
    **dict.fromkeys(("c", "cc", "conc", "con", "user"), "concurrency"),
    **dict.fromkeys(("tp",), "tensor_parallel"),
    **dict.fromkeys(("dp",), "data_parallel"),
    **dict.fromkeys(("ep",), "expert_parallel"),
    **dict.fromkeys(("rate", "qps", "rps"), "request_rate"),
    **dict.fromkeys(("gpu", "gpus"), "gpu_count"),
    **dict.fromkeys(("thr",), "threads"),
}
# Of these, words that also count: `prompt1`, `prompt2`, `gpu0`
_COUNTING = frozenset({"batch", "c", "con", "gen", "gpu", "in", "inp", "input", "out", "output", "prompt", "user"})
_AFTER = frozenset({"users", "concurrent", "clients", "gpu", "gpus", "threads", "in", "out", "conc", "qps", "rps"})
_NAMED = re.compile(
    r"(?<![^\W_])(?:(?P<name>[a-z]{1,12}(?:[-_][a-z]{1,10}){0,2})[-_=]?(?P<value>\d{1,7})(?P<k>k?)"
    r"|(?P<before>\d{1,7})(?P<of>k?)[-_]?(?P<after>[a-z]{2,10}))(?![^\W_])(?!\.\d)",
    re.IGNORECASE | re.ASCII,
)
_MAY_BE_QUANTIZATION = re.compile(r"(?<![a-z0-9])(?:i?q|b?f|fp|int|w|nf|(?:mx|nv)fp)\d|awq|gptq|\dbit", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_JOINED = re.compile(r"(?<![^\W_])\d{1,7}(?:(?P<mark>[+x_,-])\d{1,7})(?:(?P=mark)\d{1,7}){0,7}(?![^\W_])", re.ASCII)
_LOG_BYTES, _MOST_LOGS = 256 * 1024, 20
_PAIR = re.compile(r"(?<![\w-])(?:--)?(?P<name>[A-Za-z][\w-]{1,30}+)(?:=|: ?| )(?P<value>\d{1,7})(?![\w.])", re.ASCII)
_NEAR = 3  # lines between the settings of a run and the name of its file


class NameSettings(NamedTuple):
    """Conditions and parameters, sorted by name."""

    conditions: tuple[Condition, ...] = ()
    parameters: tuple[Setting, ...] = ()


class _Piece(NamedTuple):
    """A setting in a part of a path, where it begins and its text in lower case."""

    which: str
    value: int | str
    start: int
    text: str


class _Name(NamedTuple):
    """A path without the values in it, and its settings."""

    alike: str
    settings: Mapping[str, int | str]
    numbers: tuple[int, ...]  # of several that no word names, in the file's name


def with_name_settings(found: Sequence[FoundFile]) -> list[FoundFile]:
    """The files with the settings that their names say beside those of others."""
    said = named_settings(found)
    return [
        file._replace(noted=file.noted._replace(conditions=own.conditions, parameters=own.parameters))
        if (own := said.get(file.path))
        else file
        for file in found
    ]


def named_settings(found: Sequence[FoundFile]) -> dict[str, NameSettings]:
    """The settings that the names of files say, by path."""
    groups: dict[str, list[tuple[FoundFile, _Name]]] = defaultdict(list)
    for file in found:
        if file.kind != OTHER and not file.problem and any(map(str.isdigit, file.path)):
            name = _name(file.path)
            if name.settings or name.numbers:
                groups[name.alike].append((file, name))
    said: dict[str, dict[str, int | str]] = {}
    joined: dict[tuple[int, ...], list[tuple[FoundFile, _Name]]] = defaultdict(list)
    for files in groups.values():
        values: dict[str, set[int | str]] = defaultdict(set)
        for _, name in files:
            for which, value in name.settings.items():
                values[which].add(value)
        telling = {which for which, each in values.items() if 1 < len(each) <= _MOST_VALUES} - _counting(values)
        for file, name in files:
            own = [(which, value) for which, value in name.settings.items() if which in telling]
            said[file.path] = {_SHORT.get(which, which): value for which, value in own}
        if len({name.numbers for _, name in files}) > 1:
            joined[(len(files[0][1].numbers),)] += [(file, name) for file, name in files if name.numbers]
    for files in joined.values():
        names = _taught(found, files)
        for file, name in files:
            own = {which: number for which, number in zip(names, name.numbers, strict=False) if which}
            said[file.path] = own | said[file.path]
    return {path: _sorted(settings) for path, settings in said.items() if settings}


def _counting(values: Mapping[str, set[int | str]]) -> set[str]:
    """The words whose values only number files: 1, 2, 3."""
    return {which for which in _COUNTING & {*values} if counts_up(values[which])}


def numbers_joined(name: str) -> str | None:
    """The numbers that stand joined in a name without a word for any of them, `20002+1000+64`; None for a date."""
    found = _JOINED.search(name)
    return found[0] if found and not _is_date(found[0]) else None


def _name(path: str) -> _Name:
    settings: dict[str, int | str] = {}
    alike = [path.rpartition(".")[2]]
    numbers: tuple[int, ...] = ()
    for place, part in enumerate(parts_of(path)):
        rest = text = part[:_LONGEST]
        plain = _DIGITS.sub("0", text)
        if _may_say(plain):
            found = [piece for piece in _pieces(text) if piece.text not in (model_in_path(path) or "").casefold()]
            for which in {piece.which for piece in found}:
                values = {piece.value for piece in found if piece.which == which}
                if len(values) == 1:
                    settings.setdefault(which, values.pop())
            for piece in sorted(found, key=lambda piece: -piece.start):
                rest = f"{rest[: piece.start]}\0{rest[piece.start + len(piece.text) :]}"
            plain = _DIGITS.sub("0", rest)
        if place == 0 and _JOINED.search(plain) and (joined := numbers_joined(rest)):
            numbers = tuple(map(int, _DIGITS.findall(joined)))
        alike.append(plain)
    return _Name("/".join(alike), settings, numbers)


@remembered(maxsize=4_096)
def _may_say(plain: str) -> bool:
    """Whether a part of a path may have a setting; all its numbers are 0."""
    return _MAY_BE_QUANTIZATION.search(plain) is not None or any(True for _ in _pieces(plain))


def _pieces(text: str) -> Iterator[_Piece]:
    """The settings in one part of a path."""
    spans = list[tuple[int, int]]()
    for each in _NAMED.finditer(text):
        name, value, thousands = each["name"], each["value"], each["k"]
        if name is None:
            name, value, thousands = each["after"], each["before"], each["of"]
            if name.lower() not in _AFTER:
                continue
        if which := setting_of_word(name):
            which = name.lower() if name.lower() in _COUNTING else which
            spans.append(each.span())
            yield _Piece(which, int(value) * (1024 if thousands else 1), each.start(), each[0].casefold())
    quantization = names_in_part(text).quantization if _MAY_BE_QUANTIZATION.search(text) else None
    if quantization:
        start = text.casefold().replace("-", "_").find(quantization)
        stop = start + len(quantization)
        if start >= 0 and not any(one < stop and start < other for one, other in spans):
            yield _Piece("quantization", quantization, start, text[start:stop].casefold())


@remembered(maxsize=4_096)
def setting_of_word(name: str) -> str | None:
    """The setting that a word in a name stands for; of several words the last ones count."""
    words = re.split("[-_]", name.lower())
    for start in range(len(words)):
        plain = "_".join(words[start:])
        if plain in _SHORT:
            return _SHORT[plain]
        role, which = role_of(plain)
        if role in ("condition", "parameter") and len(plain) > 1:
            return which
    return None


def _is_date(text: str) -> bool:
    return re.fullmatch(r"20[0-3]\d([-_])(?:0\d|1[0-2])\1(?:[0-2]\d|3[01])(?:\D\d+)*", text) is not None


def _taught(found: Sequence[FoundFile], files: Sequence[tuple[FoundFile, _Name]]) -> list[str | None]:
    """What logs say that each number in the names of some files is; None for one of which they say nothing.

    A line that names such a file, and lines near it that say settings, agree on what stands in which place.
    """
    width = len(files[0][1].numbers)
    seen: list[set[str] | None] = [None] * width
    numbers = {file.path.rpartition("/")[2]: name.numbers for file, name in files}
    values: list[set[int]] = [set() for _ in range(width)]
    for lines in _logs(found):
        said: dict[str, int] = {}
        last = 0
        for at, line in enumerate(lines):
            pairs = _pairs(line)
            if pairs:
                said, last = pairs, at
            name = next((word for word in map(_file_of, line.split()) if word in numbers), None)
            if name is None or not said or at - last > _NEAR:
                continue
            for place, number in enumerate(numbers[name]):
                fits = {which for which, value in said.items() if value == number}
                before = seen[place]
                seen[place] = fits if before is None else before & fits
                values[place].add(number)
    return [next(iter(names)) if names and len(names) == 1 else None for names in seen]


def _logs(found: Iterable[FoundFile]) -> Iterator[list[str]]:
    texts = [file for file in found if file.kind == "text" and not file.problem and file.size <= _LOG_BYTES]
    for file in texts[:_MOST_LOGS]:
        try:
            with open(file.full, "rb") as content:
                yield decode(content.read(_LOG_BYTES)).text.splitlines()
        except OSError:
            continue


def _pairs(line: str) -> dict[str, int]:
    """The settings that a line says, if there are at least two."""
    said: dict[str, int] = {}
    for pair in _PAIR.finditer(line[:1_000]):
        if which := setting_of_word(pair["name"]):
            said[which] = int(pair["value"])
    return said if len(said) > 1 else {}


def _file_of(word: str) -> str:
    return word.strip("\"'`,;()").replace("\\", "/").rpartition("/")[2]


def _sorted(settings: Mapping[str, int | str]) -> NameSettings:
    conditions: Conditions = {}
    parameters: Settings = {}
    for which, value in settings.items():
        setting = (
            parameter(which, float(value)) if isinstance(value, int) and role_of(which)[0] == "parameter" else None
        )
        if setting is not None:
            parameters[which] = setting
        else:
            conditions[which] = value
    return NameSettings(tuple(sorted(conditions.items())), tuple(sorted(parameters.items())))
