"""The names of one folder, in every form in which a sentence may write them without doubt."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from chimera_dagster.align.kept_note import KeptNote, Part, Parts

NameKind = Literal["model", "setting", "file", "metric_name"]
_SPLIT = re.compile(r"[\s:/_-]+")
_FAMILY = re.compile(r"^([a-z]+)[\s-]?(\d+(?:\.\d+)*)$")
_SIZE = re.compile(r"^\d+(?:\.\d+)?[bm]$")
_NEVER = frozenset({"model", "base", "chat", "instruct", "the", "mini", "large", "small", "medium", "default", "test"})
_SHORTEST = 3
_PLACES = frozenset({"backend", "gpu", "tool"})  # conditions whose value is a name of its own


class Named(NamedTuple):
    kind: NameKind
    key: str


class Names:
    """Finds names of models, settings and files in a text. A short form that fits two names stands for neither."""

    def __init__(self, notes: Sequence[KeptNote]) -> None:
        parts = [part for note in notes for words in _sentences(note) for part in words if part.is_name]
        self.models = sorted({*(name for note in notes for name in note.models), *_of(parts, "model")})
        texts = {*_of(parts, "setting"), *(name for note in notes for name in note.conditions)}
        levels = {f"{name}={value}" for note in notes for name, value in note.conditions.items()}
        self.settings = sorted({text.partition("=")[0] for text in texts | levels if " " not in text} - _PLACES)
        self.values = sorted(
            {text for text in texts if "=" not in text and text not in self.settings} - _PLACES | set(_places(notes))
        )
        self.files = sorted({*_of(parts, "file"), *(source[0] for note in notes for source in note.sources)})
        self._forms: dict[str, Named | None] = {}
        for model in self.models:
            self._add(model.lower(), Named("model", model))
        for form, model in _short_forms(self.models).items():
            self._forms.setdefault(form, Named("model", model))
        for name in self.settings:
            for between in ("_", "-", " "):
                self._forms.setdefault(name.lower().replace("_", between), Named("setting", name))
        for value in self.values:
            words = value.lower().split()
            for start in range(max(1, len(words) - 1)):
                self._forms.setdefault(" ".join(words[start:]), Named("setting", value))
        for path in self.files:
            self._forms.setdefault(path.lower(), Named("file", path))
        for form, path in _base_names(self.files).items():
            self._forms.setdefault(form, Named("file", path))
        for name in dict.fromkeys(_of(parts, "metric")):
            self._forms.setdefault(name.lower(), Named("metric_name", name))
        self._pattern = _pattern(self._forms)

    def find(self, text: str) -> list[tuple[int, int, Named]]:
        """Start, end and name of each, from left to right."""
        found: list[tuple[int, int, Named]] = []
        if self._pattern is None:
            return found
        for match in self._pattern.finditer(text):
            named = self._forms.get(match.group().lower())
            if named is not None:
                found.append((match.start(), match.end(), named))
        return found

    def _add(self, form: str, named: Named) -> None:
        self._forms[form] = named


def _of(parts: Iterable[Part], kind: str) -> set[str]:
    return {part.text for part in parts if part.kind == kind}


def _places(notes: Sequence[KeptNote]) -> Iterable[str]:
    """Engines and GPUs that conditions name."""
    for note in notes:
        for name in _PLACES:
            if isinstance(value := note.conditions.get(name), str):
                yield value


def _sentences(note: KeptNote) -> list[Parts]:
    return [*note.wordings, note.text, note.action, note.reason, note.mitigation]


def _short_forms(models: Sequence[str]) -> dict[str, str]:
    """Forms of one model alone: `gemma3 270m`, `gemma 3`, `gemma`, `270m model` of `gemma3:270m`."""
    found: dict[str, set[str]] = {}
    for model in models:
        for form in _forms_of(model):
            found.setdefault(form, set()).add(model)
    return {form: next(iter(of)) for form, of in found.items() if len(of) == 1 and form not in _NEVER}


def _forms_of(model: str) -> set[str]:
    name = model.lower().rpartition("/")[2]
    chunks = [chunk for chunk in _SPLIT.split(name) if chunk]
    forms = {name, " ".join(chunks), "-".join(chunks), "_".join(chunks), ":".join(chunks)}
    first = chunks[0] if chunks else ""
    heads = {first}
    if match := _FAMILY.match(first):
        family, version = match.groups()
        heads |= {f"{family} {version}", f"{family}-{version}", family}
    for head in heads:
        for rest in ("", " ".join(chunks[1:]), "-".join(chunks[1:])):
            forms |= {f"{head}{between}{rest}" for between in (" ", "-", ":")} if rest else {head}
        if len(chunks) > 1:
            forms |= {
                f"{head} ({' '.join(chunks[1:])})",
                f"{head} {chunks[1]}",
                f"{head}-{chunks[1]}",
                f"{head}:{chunks[1]}",
            }
    forms |= {f"{chunk} model" for chunk in chunks[1:] if _SIZE.match(chunk)}
    forms |= {f"{chunk} parameter model" for chunk in chunks[1:] if _SIZE.match(chunk)}
    return {form for form in forms if len(form) >= _SHORTEST and re.search("[a-z]", form)}


def _base_names(paths: Sequence[str]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for path in paths:
        found.setdefault(path.lower().rpartition("/")[2], set()).add(path)
    return {form: next(iter(of)) for form, of in found.items() if len(of) == 1 and form}


def _pattern(forms: dict[str, Named | None]) -> re.Pattern[str] | None:
    if not forms:
        return None
    every = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rf"(?<![\w./:-])(?:{every})(?![\w/]|[:-]\w|\.\w|\s\d+(?:\.\d+)?[bm]\b)", re.IGNORECASE)
