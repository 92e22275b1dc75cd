"""What code puts into a statement is told from what the model wrote."""

import pytest

from chimera_dagster.grounding.references import own_figure, parts


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("{F1} files, see [F1] and {M1}; fast:1b and Slow:7B.", ""),
        ("{F1} files in 2 folders.", "2"),
        ("It takes ٣ s.", "٣"),
        ("{F999} files.", "F999"),
        ("{M9} it is.", "M9"),
        ("{F0} of { F 1 }.", "{F0}"),
        ("fast:1bx is none.", "fast:1bx"),
        ("See [D99].", "D99"),
    ],
)
def test_a_figure_of_its_own_is_told_whether_true_or_not(text: str, own: str) -> None:
    assert own_figure(text, ["slow:7b", "fast:1b"], ["F1"]) == own


def test_a_model_that_is_named_like_a_figure_makes_none_of_it_a_name() -> None:
    assert own_figure("It reaches 999 tok/s.", ["999 tok/s", "9:1b"], ()) == "999"
    assert [part.text for part in parts("{M1} it is", ["999 tok/s"])] == ["999 tok/s", " it is"]
