"""No figure of the model's own gets through."""

import pytest

from chimera_dagster.write.grounding import WITHHELD, ground
from tests.unit.write.facts import fact

FACTS = [
    fact("F1", "files read", "68"),
    fact("F2", "mean decode throughput of smollm2:135m", "104 tok/s"),
]


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("It decodes at {F2}.", "It decodes at 104 tok/s (F2: mean decode throughput of smollm2:135m)."),
        ("Over {F1}, yes F1 and (F1).", "Over 68 (F1: files read), yes 68 (F1) and 68 (F1)."),
        ("See [F1].", "See 68 (F1: files read)."),
        ("smollm2:135m is fast.", "smollm2:135m is fast."),
        ("1. **First** point\n2) second\n- 3. third", "1. **First** point\n2) second\n- 3. third"),
        ("No figures at all.", "No figures at all."),
    ],
)
def test_citations_names_and_numbering_stay(written: str, printed: str) -> None:
    assert ground(written, FACTS, "gemma3:270m").text == printed


@pytest.mark.parametrize(
    "figure",
    [
        "104",
        "104 tok/s",
        "14.1063399029013",
        "-3",
        "+5",
        "50%",
        "$3",
        "1,234.5",
        "2025-11-15",
        "1e5",
        "10x",
        "1/2",
        "llama3.1:8b",
        "GPU0",
        "F1-score2",
        "run_7.csv",
        "v1.2",
        "３",
        "٣",
    ],
)
def test_every_figure_without_a_source_is_withheld(figure: str) -> None:
    grounded = ground(f"The value was {figure} in all.", FACTS, "smollm2:135m")
    assert WITHHELD in grounded.text
    assert not any(char.isdigit() for char in grounded.text)
    assert len(grounded.withheld) == 1


def test_a_fact_that_does_not_exist_is_withheld_and_named() -> None:
    grounded = ground("Growth of {F99}, see F2.", FACTS, "m")
    assert grounded.text == f"Growth of {WITHHELD}, see 104 tok/s (F2: {FACTS[1].text})."
    assert (grounded.unknown, grounded.cited) == (("F99",), ("F2",))


def test_a_model_reads_citations_as_ids_and_no_figures() -> None:
    assert ground("It is {F2}, or 99, see [F1].", FACTS, "m").prompt == f"It is {{F2}}, or {WITHHELD}, see {{F1}}."
