"""Text from outside does nothing, wherever it is written, and can still be told from any other."""

import csv
import io
import json

import pytest

from chimera_dagster.text.foreign import csv_cell, json_value, one_line, visible, visible_json
from tests.unit.render.hostile import HOSTILE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]8;;http://a\x07b\x1b]8;;\x07", "\\x1b]8;;http://a\\x07b\\x1b]8;;\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("ok\nError: forged", "ok\\nError: forged"),
        ("ok\rforged", "ok\\nforged"),
        ("a\u2028b\x85c", "a\\nb\\nc"),
        ("a\tb", "a\\tb"),
        ("a\ud800", "a\\ud800"),
        ("[/bold] é 日本", "[/bold] é 日本"),
    ],
)
def test_a_control_character_is_spelled_out_on_one_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_but_lines_and_tabs_is_left(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t\u200c\u200d" for char in visible(text))
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|'/C calc'!A0",
        "+1+cmd|'/C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        " =1",
        "＝1+1",
        "=",
        "-3.5 ms",
        "+x",
        '=HYPERLINK("http://a","b")',
    ],
)
def test_what_could_be_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", ["-3.5", "+1e5", "-1,234.5", "-.5", "-5%", "-", "--", "-inf", "a=b", "1-2", "", -3.5, 7, None, True]
)
def test_a_number_and_any_other_text_stay_as_they_are(value: object) -> None:
    assert csv_cell(value) == value


def test_a_cell_can_hide_no_formula_behind_white_space() -> None:
    assert csv_cell("\t=1") == "\\t=1"
    assert csv_cell("\r\n=1") == "\\n=1"
    assert csv_cell("a\n=1") == "a\\n=1"


def test_a_line_of_csv_is_a_row() -> None:
    out = io.StringIO()
    csv.writer(out).writerow(map(csv_cell, HOSTILE))
    assert len(out.getvalue().splitlines()) == 1


def test_json_says_the_same_in_escapes() -> None:
    document = {"a\u202e": ["\x9b2J\x7f", "\x1b[2J", "\U000e0001", "é 日本"]}
    written = visible_json(json.dumps(document, ensure_ascii=False, indent=1))
    assert all(char.isprintable() or char == "\n" for char in written)
    assert json.loads(written) == document
    assert "é 日本" in written


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, b"[" * 100_000, "9" * 5_000, "{"])
def test_json_that_can_t_be_read_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        json_value(text)
