"""Sentences that code writes: words with the names and numbers in them kept apart, so that each can be followed."""

from collections.abc import Iterable, Sequence
from string import Formatter
from typing import Literal, NamedTuple

from chimera_dagster.notes.reading import reading

Kind = Literal["model", "setting", "metric", "file"]


class Words(NamedTuple):
    text: str


class Name(NamedTuple):
    """A name as the files spell it. A `subject` may be said as `it` if the sentence before has the same one."""

    text: str
    kind: Kind = "model"
    subject: bool = False


class Number(NamedTuple):
    """A figure: `text` as it is read, `value` in `unit` as it was computed."""

    text: str
    value: float
    unit: str


Part = Words | Name | Number
Phrase = tuple[Part, ...]


def model(name: str) -> Name:
    return Name(name)


def subject(name: str) -> Name:
    return Name(name, subject=True)


def setting(text: str) -> Name:
    return Name(text, "setting")


def file(path: str) -> Name:
    return Name(path, "file")


def number(value: float, unit: str = "") -> Number:
    """A figure rounded for reading: 95.3 ms is `95 ms`."""
    return Number(reading(value, unit), float(value), unit)


def share(ratio: float) -> Number:
    """A ratio as a percentage: 0.123 is `12 %`."""
    return Number(reading(ratio * 100, "%"), ratio * 100, "%")


def count(amount: int, noun: str, plural: str = "") -> Phrase:
    """`1 run`, `2 runs`; the plural is given if it is not the noun with an s."""
    return number(amount), Words(f" {noun if amount == 1 else plural or noun + 's'}")


def phrase(template: str, **parts: str | Part | Phrase) -> Phrase:
    """A template with its fields filled in: `phrase("{a} decodes {x}", a=model("m:7b"), x=number(57.2, "tok/s"))`.

    Raises KeyError for a field without a part, and ValueError for a part without a field.
    """
    found: list[Part] = []
    used: set[str] = set()
    for text, field, _, _ in Formatter().parse(template):
        found.append(Words(text))
        if field is not None:
            used.add(field)
            found += _parts(parts[field])
    if unused := parts.keys() - used:
        raise ValueError(f"The template {template!r} has no field {', '.join(sorted(unused))}.")
    return tidy(found)


def joined(phrases: Iterable[Phrase], between: str = " ") -> Phrase:
    """One phrase from several that are not empty."""
    found: list[Part] = []
    for each in phrases:
        if each:
            found += [Words(between), *each] if found else each
    return tidy(found)


def listed(phrases: Sequence[Phrase], last: str = "and") -> Phrase:
    """`a, b and c`."""
    if len(phrases) < 2:
        return tidy(part for each in phrases for part in each)
    return joined([joined(phrases[:-1], ", "), phrases[-1]], f" {last} ")


def plain(parts: Phrase) -> str:
    """The sentence as plain text, its names in backticks."""
    return "".join(f"`{part.text}`" if isinstance(part, Name) else part.text for part in parts)


def numbers_of(parts: Phrase) -> list[Number]:
    return [part for part in parts if isinstance(part, Number)]


def tidy(parts: Iterable[Part]) -> Phrase:
    """The same phrase with neighbouring words as one part, and none that is empty."""
    kept: list[Part] = []
    for part in parts:
        if isinstance(part, Words) and kept and isinstance(kept[-1], Words):
            kept[-1] = Words(kept[-1].text + part.text)
        elif part.text:
            kept.append(part)
    return tuple(kept)


def capital(parts: Phrase) -> Phrase:
    """The phrase as the beginning of a sentence."""
    if parts and isinstance(parts[0], Words):
        return Words(parts[0].text[:1].upper() + parts[0].text[1:]), *parts[1:]
    return parts


def _parts(part: str | Part | Phrase) -> Phrase:
    if isinstance(part, str):
        return (Words(part),)
    return (part,) if isinstance(part, Words | Name | Number) else part
