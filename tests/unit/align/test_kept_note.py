"""Notes that go with a trial say what the table says, part by part."""

from chimera_dagster.align.kept_note import KeptNote, Part, load_notes
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import count, file, model, number, phrase
from chimera_dagster.notes.table import table_of

COLD = Note(
    "cold_start",
    "recommendations",
    80.0,
    (phrase("A cold start of {a} takes {x}.", a=model("m:2.3"), x=number(2300.0, "ms")),),
    Scope(("m:2.3",), n=31, files=2),
    action=phrase("Keep {a} loaded.", a=model("m:2.3")),
    reason=phrase("{n} of {m} in {f} loaded it", n=number(3), m=count(31, "run"), f=file("a 31.csv")),
    sources=tuple(("a 31.csv", f"row {row}") for row in range(1, 9)),
    findings=("D1",),
    facts=("F3",),
)


def kept(note: Note) -> KeptNote:
    [found] = load_notes(table_of([note]))
    return found


def test_names_and_figures_are_parts_of_their_own() -> None:
    note = kept(COLD)
    assert note.text == (
        Part("A cold start of "),
        Part("m:2.3", "model"),
        Part(" takes "),
        Part("2.3 s", "figure", 2300.0, "ms"),
        Part("."),
    )
    assert [(part.text, part.kind) for part in note.reason] == [
        ("3", "figure"),
        (" of ", "words"),
        ("31", "figure"),
        (" runs in ", "words"),
        ("a 31.csv", "file"),
        (" loaded it", "words"),
    ]
    assert note.mitigation == ()


def test_evidence_and_the_first_sources_stay() -> None:
    note = kept(COLD)
    assert note.evidence == {"D1", "F3"}
    assert note.sources == (("a 31.csv", "row 1"), ("a 31.csv", "row 2"), ("a 31.csv", "row 3"))
    assert (note.n, note.files, note.certainty, note.section) == (31, 2, None, "recommendations")


def test_a_note_is_the_same_after_json() -> None:
    note = kept(COLD)
    assert KeptNote.model_validate_json(note.model_dump_json()) == note
