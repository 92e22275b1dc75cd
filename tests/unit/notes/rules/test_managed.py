"""A managed API is named, and ranked with no server of one's own."""

from chimera_dagster.notes.phrase import plain
from tests.unit.notes.folders import Row, notes_of, runs


def folder(second: str) -> list[Row]:
    rows: list[Row] = []
    for engine, base in (("vllm", 30.0), ("sglang", 40.0), (second, 900.0)):
        file = f"{engine}.csv"
        rows += runs("llama3:8b", [base + place for place in range(6)], "ttft_ms", file, backend=engine)
    return rows


def texts(rows: list[Row], kind: str) -> list[str]:
    return [plain(note.text) for note in notes_of(rows, kind)]


def test_a_provider_is_said_to_be_one_and_stands_in_no_order():
    rows = folder("groq")
    [text] = texts(rows, "managed")
    assert text.startswith("`llama3:8b` is served by a managed API: its times have the internet")
    effects = texts(rows, "condition_effect")
    assert effects and all("`groq`" not in effect and "`vllm`" in effect for effect in effects)


def test_a_third_server_is_one_of_them():
    rows = folder("lmdeploy")
    assert texts(rows, "managed") == []
    assert any("`lmdeploy`" in effect for effect in texts(rows, "condition_effect"))
