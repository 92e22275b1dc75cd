"""What only the names of files say of their runs: `bench_4090.csv` and `bench_t4.csv`, `vllm.json` and `ollama.json`.

Files of one layout that hold runs of one model under all the same conditions would be one sample. That is right for
repeats (`run1`, `run2`, dates) and wrong if their names say what was different.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from chimera_dagster.ingest.model_names import is_ordinary
from chimera_dagster.ingest.name_settings import numbers_joined
from chimera_dagster.ingest.repeats import counts_up
from chimera_dagster.ingest.surroundings.path_names import PathNames, names_in_part, parts_of
from chimera_dagster.ingest.units import is_unit

CONDITION = "file_name"  # the words of a path that tell its runs from those of other files, if nothing knows them
_SETUP = ["model", "backend", "gpu", "conditions", "params"]
_WORD = re.compile(r"(?:[^\W_]|(?<=\d)\.(?=\d))+")
_QUANTITY = re.compile(r"(\d) ([^\W\d_]{1,6})(?![^\W_])")
# What numbers a file, says when it was written, or that it was written again
_COUNTS = re.compile(
    r"[a-z]|[rv]?\d+|\d+(?:st|nd|rd|th)|\d{1,2}h\d{1,2}m?|t\d{4,6}z?|\d{8}t\d{4,6}z?"
    r"|(?:run|rep|repeat|trial|iter|iteration|seed|attempt|try|take|day|week|session|sitting|round|pass|part|batch|shard|chunk"
    r"|test|exp|experiment|sample|no|nr|id|job|request|req|set|file|ver|version|rev|night|date|time|number|num)s?\d*"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|first|second|third|fourth|fifth|last|next|another|other"
    r"|again|rerun|reruns|redo|retry|retries|repeated|fixed|fix|corrected|copy|backup|bak|orig|latest|merged|combined"
    r"|clean|cleaned|complete|partial|extra|more|some|aggregate|aggregated|all"
    r"|readme|averages?|avg|means?|medians?|summary|summaries|overview|reports?|results?|tables?|stats|statistics"
    r"|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|today|yesterday|morning|noon|afternoon|evening"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|utc|gmt|am|pm"
)
_NUMBER = re.compile(r"\d+")
_STAMP = re.compile(r"(?<!\d)\d{4}-?\d\d-?\d\d(?:[t_ -]?\d\d[-_:.]?\d\d(?:[-_:.]?\d\d)?)?z?(?![^\W_])")
# An id that was drawn, not given: letters and digits that change places, or hexadecimal ones
_DRAWN = re.compile(r"(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{6,}|(?=.*\d[a-z]+\d)(?=.*[a-z]\d+[a-z])[0-9a-z]{8,}")
# Words that are usual in paths, and tell two machines or two ways to run a model apart
_TELLING = frozenset(
    {"amd", "apple", "aws", "azure", "cloud", "cpu", "cuda", "docker", "gcp", "gpu", "hip", "intel", "laptop", "linux"}
    | {"local", "mac", "macbook", "macos", "metal", "new", "nvidia", "old", "openvino", "remote", "rocm", "tuned"}
    | {"ubuntu", "vulkan", "windows", "wsl"}
)
_Key = tuple[str, ...]


class _Said(NamedTuple):
    """What a row says of what was run, in the columns that a file's name may fill in."""

    gpu: str | None
    backend: str | None
    conditions: str
    named_by: str | None


_CHANGED = [*_Said._fields]


class _Named(NamedTuple):
    """What a path names that is known, its other words, and those of them that are usual in paths.

    `joined` are the numbers that stand joined in the file's name.
    """

    known: PathNames
    words: tuple[str, ...]
    usual: tuple[str, ...] = ()
    joined: str | None = None


def with_file_names(measurements: pd.DataFrame) -> pd.DataFrame:
    """schemas.Measurements, in which files that only their names tell apart are told apart.

    Of files of one layout with runs of one model under the same conditions: a GPU that the path of one names, engines
    and quantizations if their paths name different ones, and else the words that tell the paths apart, as the condition
    `file_name`. Numbers, dates, words for repeats, those of the model and of known conditions do not tell files apart;
    neither do words of files that each hold prompts of their own.
    """
    rows = measurements.loc[measurements["model"].notna(), ["file", *_SETUP]].drop_duplicates().astype("object")
    rows = rows.fillna("").astype("str")
    setups = rows.groupby(_SETUP, sort=False)["file"].agg(list)
    shared = [files for files in setups if len(files) > 1]
    if not shared:
        return measurements
    of_shared = measurements["file"].isin(list({file for files in shared for file in files}))
    changed: dict[str, _Named] = {}
    own, prompts = _own_words(rows), _prompts(measurements[of_shared])
    for files in _alike(shared, _layouts(measurements[of_shared])):
        changed |= _told(files, own, [prompts[file] for file in files if file in prompts])
    return _changed(measurements, changed) if changed else measurements


def _layouts(rows: pd.DataFrame) -> dict[str, frozenset[str]]:
    """The names of the numbers that each file holds."""
    names = rows.loc[rows["derived"].isna(), ["file", "original_name"]].drop_duplicates().astype("object")
    return {str(file): found for file, found in names.groupby("file")["original_name"].agg(frozenset).items()}


def _alike(shared: Iterable[list[str]], layouts: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Groups of two files or more that share what was run, and have one layout."""
    joined: dict[str, str] = {}

    def root(file: str) -> str:
        while (above := joined.get(file, file)) != file:
            file = above
        return file

    for files in shared:
        by_layout: dict[object, str] = {}
        for file in files:
            first = root(by_layout.setdefault((layouts.get(file), file.rpartition(".")[2].lower()), file))
            if (own := root(file)) != first:
                joined[own] = first
    groups: dict[str, list[str]] = defaultdict(list)
    for file in sorted({file for files in shared for file in files}):
        groups[root(file)].append(file)
    return [files for files in groups.values() if len(files) > 1]


def _own_words(rows: pd.DataFrame) -> dict[str, set[str]]:
    """Words of the models and the settings that each file names itself."""
    found: dict[str, set[str]] = defaultdict(set)
    words: dict[str, set[str]] = {}
    for file, model, _, _, *settings in rows.itertuples(index=False):
        for text in (model, *settings):
            if text not in words:
                words[text] = set(_WORD.findall(text.casefold())) | set(re.findall(r"[^\W_]+", text.casefold()))
            found[file] |= words[text]
    return found


def _prompts(rows: pd.DataFrame) -> dict[str, frozenset[str]]:
    """The prompts of each file that has some."""
    asked = rows[["file", "prompt"]].drop_duplicates().dropna().astype("object")
    return {str(file): found for file, found in asked.groupby("file")["prompt"].agg(frozenset).items()}


def _told(files: Sequence[str], own: Mapping[str, set[str]], prompts: Sequence[frozenset[str]]) -> dict[str, _Named]:
    """What tells each of some files from the others; nothing if they are repeats."""
    named = {file: _names(file, own[file]) for file in files}
    known = [each.known for each in named.values()]
    by_gpu = len({each[:2] for each in known}) > 1
    by_quantization = len({each.quantization for each in known}) > 1
    by_engine = len({each.backend for each in known} - {None}) > 1
    if any(each.joined for each in named.values()) and not _are_counted([each.joined for each in named.values()]):
        named = {file: each._replace(words=_with_joined(each)) for file, each in named.items()}
    counts = Counter(word for each in named.values() for word in {*each.words})
    tell = {word for word, count in counts.items() if count < len(files)}
    of_prompts = len(prompts) == len(files) and sum(map(len, prompts)) == len(frozenset[str]().union(*prompts))
    found: dict[str, _Named] = {}
    further = _further(named, tell)
    for file, (said, words, *_) in named.items():
        gpu, count = (said.gpu, said.gpu_count) if by_gpu else (None, None)
        told = PathNames(
            gpu, count, said.backend if by_engine else None, said.quantization if by_quantization else None
        )
        rest = () if of_prompts else (*(word for word in words if word in tell), *further.get(file, ()))
        if rest or told != PathNames():
            found[file] = _Named(told, rest)
    return found


def _further(named: Mapping[str, _Named], tell: set[str]) -> dict[str, tuple[str, ...]]:
    """Usual words of files that other words set apart from the rest: `mine-tune` and `mine-tune-decode`."""
    alike: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for file, (known, words, *_) in named.items():
        if own := tuple(word for word in words if word in tell):
            alike[known[:4], own].append(file)
    found: dict[str, tuple[str, ...]] = {}
    for files in alike.values():
        counts = Counter(word for file in files for word in named[file].usual)
        for file in files:
            found[file] = tuple(word for word in named[file].usual if counts[word] < len(files))
    return found


def _names(file: str, own: set[str]) -> _Named:
    """What the parts of a path name, those nearest to the file first, and the words that nothing explains."""
    known, words, usual = PathNames(), list[str](), list[str]()
    joined: str | None = None
    for place, part in enumerate(parts_of(file)):
        found = names_in_part(part)
        known = PathNames(
            known.gpu or found.gpu,
            known.gpu_count or found.gpu_count,
            known.backend or found.backend,
            known.quantization or found.quantization,
        )
        rest, at = "", 0
        for start, end in found.spans:
            rest, at = f"{rest}{part[at:start]} ", end
        rest += part[at:]
        rest = _STAMP.sub(" ", rest.casefold())
        if place == 0 and (found_here := numbers_joined(rest)) and not {*_NUMBER.findall(found_here)} <= own:
            joined = found_here
        for word in _WORD.findall(rest):
            if not _is_explained(word, own):
                (usual if word not in _TELLING and is_ordinary(word) else words).append(word)
    return _Named(known, tuple(dict.fromkeys(words)), tuple(dict.fromkeys(usual)), joined)


def _with_joined(named: _Named) -> tuple[str, ...]:
    return (named.joined, *named.words) if named.joined else named.words


def _are_counted(names: Sequence[str | None]) -> bool:
    """Whether numbers that stand joined in names only count: each is the same in all, or one of 1, 2, 3."""
    numbers = [tuple(map(int, _NUMBER.findall(name or ""))) for name in names]
    if len({*map(len, numbers)}) > 1:
        return False
    return all(len({*each}) == 1 or counts_up(each) for each in zip(*numbers, strict=True))


def words_that_tell(text: str) -> tuple[str, ...]:
    """The words of a text, such as a heading, that do not number something, or say when it was; `8 GiB` is one."""
    text = _QUANTITY.sub(lambda found: found[1] + found[2] if is_unit(found[2]) else found[0], text.casefold())
    words = _WORD.findall(_STAMP.sub(" ", text))
    return tuple(word for word in words if not _COUNTS.fullmatch(word))


def _is_explained(word: str, own: set[str]) -> bool:
    """Whether a word numbers a file, or is one of the model or the settings that the file names."""
    if word in _TELLING:
        return False
    if _COUNTS.fullmatch(word) or _DRAWN.fullmatch(word) or word in own:
        return True
    digits = re.fullmatch(r"[a-z]{1,12}(\d+(?:\.\d+)?)|(\d+)[a-z]{1,6}", word)
    if digits and (digits[1] or digits[2]) in own:  # c8 of a concurrency of 8
        return True
    return len(word) > 2 and any(other.startswith(word) or word.startswith(other) for other in own if len(other) > 2)


def _changed(measurements: pd.DataFrame, changed: Mapping[str, _Named]) -> pd.DataFrame:
    """The rows of these files with what their names say, where the files say nothing else."""
    names = ["file", *_CHANGED]
    is_changed = measurements["file"].isin(list(changed))
    rows = measurements.loc[is_changed, names].astype("object").where(measurements[names].notna(), None)
    different = rows.drop_duplicates().itertuples(index=False, name=None)
    said = {row: _with_names(_Said(*row[1:]), changed[row[0]]) for row in different}
    values = [said[row] for row in rows.itertuples(index=False, name=None)]
    columns = measurements[names[1:]].astype("object")
    columns.loc[is_changed] = values
    return measurements.assign(**{name: columns[name].astype("category") for name in names[1:]})


def _with_names(said: _Said, told: _Named) -> _Said:
    """What is said of some rows with what the name of their file says, if they do not say it themselves."""
    known, words, *_ = told
    added: dict[str, object] = {
        "gpu_count": known.gpu_count,
        "quantization": known.quantization,
        CONDITION: "-".join(words) or None,
    }
    conditions = {name: value for name, value in added.items() if value is not None} | json.loads(said.conditions)
    named_by: dict[str, str] = json.loads(said.named_by or "{}")
    for name, own, found in (("gpu", said.gpu, known.gpu), ("backend", said.backend, known.backend)):
        if found and not own:
            named_by[name] = "path"
    text = json.dumps(conditions, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    sources = json.dumps(named_by, sort_keys=True) if named_by else None
    return _Said(said.gpu or known.gpu, said.backend or known.backend, text, sources)
