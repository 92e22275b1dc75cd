"""Which sentences of a Markdown document are read, and where they stand."""

from chimera_dagster.grounding.document import sentences


def found(markdown: str) -> list[tuple[int, str]]:
    return [(each.line, each.text) for each in sentences(markdown)]


def test_prose_is_split_into_sentences_with_their_own_lines() -> None:
    assert found("# Title\n\nOne ends. Two begins\nand ends. Three,\ne.g. here, ends.\n") == [
        (1, "Title"),
        (3, "One ends."),
        (3, "Two begins and ends."),
        (4, "Three, e.g. here, ends."),
    ]


def test_list_items_quotes_and_table_rows_are_read_without_their_marks() -> None:
    text = "- **A** is `fast:1b`\n\n> quoted [link](http://x)\n\n"
    text += "| model | TTFT (ms) |\n|---|---|\n| a | 3 |\n| b | 4 s |\n"
    assert found(text) == [
        (1, "A is fast:1b"),
        (3, "quoted link"),
        (7, "model: a; TTFT: 3 ms"),
        (8, "model: b; TTFT (ms): 4 s"),
    ]


def test_headings_and_bold_lines_are_read_whatever_their_title_says() -> None:
    read = sentences("## 2. The persona prompt\n\nA is slow.\n\n**A is fast**\n\nA **is** fast.\n")
    assert [(each.text, each.heading) for each in read] == [
        ("The persona prompt", True),
        ("A is slow.", False),
        ("A is fast", True),
        ("A is fast.", False),
    ]


def test_code_is_not_read() -> None:
    assert found("One.\n\n```\nA is fast.\n```\n\n    B is fast.\n\n<div>C is fast.</div>\n\nTwo.\n") == [
        (1, "One."),
        (11, "Two."),
    ]


def test_lines_that_begin_with_a_label_in_bold_are_entries_of_their_own() -> None:
    assert found("**Model:** a\n**TTFT:** 3 ms\nand more\n") == [(1, "Model: a"), (2, "TTFT: 3 ms and more")]
