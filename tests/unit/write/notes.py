"""Notes made by hand."""

from collections.abc import Sequence

from chimera_dagster.align.kept_note import KeptNote, Part


def note(
    number: int, section: str = "performance", text: str = "", weight: float = 10.0, mitigation: str = ""
) -> KeptNote:
    """A note of these words, or of words that have its number."""
    return KeptNote(
        id=f"N{number}",
        section=section,
        kind="planted",
        weight=weight,
        text=(Part(text or f"Statement {number} is about m:7b, which takes {number} ms."),),
        mitigation=(Part(mitigation),) if mitigation else (),
        certainty=None,
        n=1,
        files=1,
        findings=(),
        facts=(),
        sources=(("a.csv", "row 1"),),
    )


def texts(notes: Sequence[KeptNote]) -> list[str]:
    return ["".join(part.text for part in each.text) for each in notes]
