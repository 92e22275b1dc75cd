"""Notes and judged answers for tests."""

from collections.abc import Sequence
from typing import Any

from chimera_dagster.align.kept_note import KeptNote, Part
from chimera_dagster.write.answer import Role, Section
from chimera_dagster.write.judge import JudgedAnswer, JudgedSentence

NOTE: dict[str, Any] = {
    "section": "performance", "kind": "difference", "certainty": None, "n": 9, "files": 2,
    "findings": (), "facts": (), "sources": (),
}  # fmt: skip


def note(id_: str, text: str, weight: float = 50.0, mitigation: str = "", **fields: Any) -> KeptNote:
    parts: dict[str, Any] = {"text": (Part(text),), "mitigation": (Part(mitigation),) if mitigation else ()}
    return KeptNote.model_validate(NOTE | parts | fields | {"id": id_, "weight": weight})


def sentence(
    number: int,
    text: str,
    outcome: str = "stands",
    notes: Sequence[str] = (),
    section: Section = "summary",
    block: int | None = None,
    role: Role = "text",
) -> JudgedSentence:
    fields: dict[str, Any] = {"id": f"R{number}", "section": section, "role": role, "text": text} | {
        "outcome": outcome,
        "notes": tuple(notes),
        "reason": "" if outcome == "stands" else "why",
    }
    return JudgedSentence.model_validate(fields | {"block": number if block is None else block})


def answer(*sentences: JudgedSentence, complete: bool = True, repeated: int = 0) -> JudgedAnswer:
    return JudgedAnswer(sentences=sentences, complete=complete, repeated=repeated)
