"""The page about a folder: the answer first, no empty section, and every sentence and value leads to its evidence."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.notes.brief import Brief
from chimera_dagster.render.blocks import (
    Beside,
    Block,
    Bullets,
    Chart,
    Details,
    Heading,
    Inline,
    Link,
    Note,
    Numbered,
    Page,
    Paragraph,
    Table,
    Target,
)
from chimera_dagster.render.brief.page import answer_page, brief_page
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.steps.evidence import Evidence
from tests.drawing import Drawing, share
from tests.rendered import Html
from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.render.hostile import HOSTILE

SECTIONS = [
    "Performance",
    "Key findings",
    "Recommendations",
    "Risks",
    "What was not measured",
    "Files and coverage",
    "Evidence",
]


def brief_of(folder: Path) -> Brief:
    read = read_in_memory(folder)
    found = Evidence(read.files, read.measurements).brief
    assert found.problems == ()
    return found


@pytest.fixture(scope="module")
def two_models(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    """Two models in several sessions, a cold start each, over prompts of three lengths; and a file that is cut off."""
    folder = tmp_path_factory.mktemp("two")
    for name, decode, ttft in (("quick:1b", 80.0, 90.0), ("slow:7b", 40.0, 300.0)):
        for session in range(3):
            rows = [
                run(
                    name,
                    decode * (1 + place % 3 / 50 + session / 200),
                    ttft * words / 50 * (1 + place % 2 / 40),
                    prompt_words=words,
                )
                for words in (50, 100, 200)
                for place in range(4)
            ]
            write_csv(folder / f"{name.replace(':', '_')}_{session}.csv", rows)
    (folder / "cut.json").write_text('{"model": "quick:1b", "tokens_s": [1, 2')
    return brief_of(folder)


def inlines(blocks: tuple[Block, ...]) -> Iterator[Inline]:
    for block in blocks:
        contents = ()
        match block:
            case Paragraph():
                contents = (block.content,)
            case Bullets() | Numbered():
                contents = block.items
            case Table():
                contents = tuple(cell for row in block.rows for cell in row)
            case Details() | Note():
                yield from inlines(block.blocks)
            case Beside():
                for part in block.parts:
                    yield from inlines(part)
            case Chart():
                yield from inlines((block.table,))
            case _:
                pass
        for content in contents:
            if not isinstance(content, str):
                yield from content


def sections(page: Page) -> dict[str, list[Block]]:
    found: dict[str, list[Block]] = {"": []}
    for block in page.blocks:
        if isinstance(block, Heading) and block.level == 2:
            found[block.text] = []
        else:
            [*_, last] = found.values()
            last.append(block)
    return found


def check(page: Page) -> None:
    """What holds for every page."""
    found = sections(page)
    assert list(found) == ["", *SECTIONS]
    assert all(found.values()), "a section is empty"
    targets = {part.anchor for part in inlines(page.blocks) if isinstance(part, Target)}
    links = [part for part in inlines(page.blocks) if isinstance(part, Link) and part.href.startswith("#")]
    assert {link.href[1:] for link in links} <= targets
    assert all(link.section == "evidence" for link in links)
    to_html(page), to_markdown(page)


def test_the_answer_comes_first_with_how_sure_and_what_next(two_models: Brief) -> None:
    page = brief_page(two_models)
    check(page)
    text = to_markdown(page)
    first = text[: text.index("## Performance")]
    said = ("choose `quick:1b`:", "**How sure this is.**", "**What to do next.**", "prompts of 50 words, warm")
    places = [first.index(words) for words in said]
    assert places == sorted(places)
    assert "72 runs in 7 files, 1 not read in full" in first
    assert "of the numbers were understood" not in first  # what was read by far is no limit


def test_the_first_screen_is_the_beginning_of_the_page(two_models: Brief) -> None:
    whole, first = brief_page(two_models), answer_page(two_models)
    assert whole.blocks[: len(first.blocks)] == first.blocks


def test_every_sentence_has_a_mark_and_an_entry_with_its_files_and_rows(two_models: Brief) -> None:
    page = brief_page(two_models, "../reports/")
    marks = {part.href for part in inlines(page.blocks) if isinstance(part, Link) and part.href.startswith("#n")}
    assert marks == {f"#{each.id.lower()}" for each in two_models.notes}
    [entries] = [
        block.blocks[0]
        for block in sections(page)["Evidence"]
        if isinstance(block, Details) and "sentences of this brief" in block.summary
    ]
    assert isinstance(entries, Table)
    for each, row in zip(two_models.notes, entries.rows, strict=True):
        source = row[-1]
        if each.note.sources:
            assert not isinstance(source, str)
            [link, *_] = source
            assert link == Link(each.note.sources[0][0], f"../reports/{each.note.sources[0][0]}")
        for figure in each.note.figures:
            assert f"{figure.text}: " in row[2]  # pyright: ignore[reportOperatorIssue] - a str


def test_a_value_of_a_table_leads_to_its_exact_value_and_rows(two_models: Brief) -> None:
    page = Html(to_html(brief_page(two_models, "../reports/")))
    anchors = {each.attrib["id"]: each for each in page.body.iter() if "id" in each.attrib}
    rows = {each: row for row in page.body.iter("tr") for each in row.iter() if each in anchors.values()}
    for place, row in enumerate(two_models.by_configuration, start=1):
        entry = "".join(rows[anchors[f"c{place}"]].itertext())
        for value in row.values.values():
            assert f"n={value.n}" in entry
            assert {file for file, _ in value.sources} & set(re.findall(r"\w+\.csv", entry))


def test_no_sentence_shows_an_id_of_ours(two_models: Brief) -> None:
    shown = sections(brief_page(two_models))
    for name, blocks in shown.items():
        if name != "Evidence":
            text = to_markdown(Page("x", "en", tuple(blocks)))
            assert not re.search(r"\b[DFN]\d+\b", text)


def test_a_chart_shows_what_its_table_says(two_models: Brief) -> None:
    charts = Html(to_html(brief_page(two_models))).charts()
    compared = next(chart for title, chart in charts.items() if title.startswith("The models"))
    dots = compared.drawing.all("circle", "dot")
    assert len(dots) == len(compared.rows) == 4
    spread = charts["Distribution of the time to first token"]
    assert_at_values(spread.drawing, [float(row[3].removesuffix(" ms")) for row in spread.rows], "dot")
    assert_at_values(spread.drawing, [float(row[2].removesuffix(" ms")) for row in spread.rows], "box")


def assert_at_values(drawing: Drawing, values: list[float], kind: str) -> None:
    across = drawing.across()
    if kind == "box":
        places = [share(each.attrib["x"]) for each in drawing.all("rect", kind)]
    else:
        places = [share(each.attrib["cx"]) for each in drawing.all("circle", kind)]
    assert [across(place) for place in places] == pytest.approx(values, rel=0.02)


def test_rates_over_a_length_are_drawn_with_their_levels(two_models: Brief) -> None:
    charts = Html(to_html(brief_page(two_models))).charts()
    chart = charts["Decode throughput over words of the prompt"]
    assert [row[:2] for row in chart.rows] == [
        [model, words] for model in ("quick:1b", "slow:7b") for words in ("50", "100", "200")
    ]
    assert len(chart.drawing.all("circle", "dot")) == 6


FOLDERS = {
    "no_model": {"runs.csv": "ttft_ms,tokens_per_second\n210,45.1\n220,44.8\n"},
    "one_run": {"runs.csv": "model,ttft_ms\nm:1,210\n"},
    "no_number": {"notes.md": "Nothing was measured.\n"},
    "only_failures": {"runs.csv": "model,tokens_s,error\nm:1,,timed out\nm:1,,timed out\n"},
    "only_aggregates": {"s.json": '{"model": "m:1", "mean_ttft_ms": 120.5, "p95_ttft_ms": 300.25}'},
    "unlike": {
        "a.csv": "model,tokens_s,concurrency\na:1,40,1\na:1,41,1\n",
        "b.csv": "model,tokens_s,concurrency\nb:1,50,8\nb:1,51,8\n",
    },
    "cut": {"a.json": '{"model": "m:1", "tokens_s": [1, 2'},
}


@pytest.mark.parametrize("name", FOLDERS)
def test_little_data_is_a_page_without_an_empty_section(name: str, tmp_path: Path) -> None:
    for file, text in FOLDERS[name].items():
        (tmp_path / file).write_text(text)
    found = brief_of(tmp_path)
    check(brief_page(found))
    text = to_markdown(answer_page(found))
    assert not re.search("hoose `", text)  # nothing here puts a model first


def test_names_in_files_can_not_become_markup(tmp_path: Path) -> None:
    for place, text in enumerate(HOSTILE):
        name = text.encode("utf-8", "replace").decode().replace("\x00", "")
        rows = [{"model": name, "tokens_s": 40 + place + step / 10, "note": name} for step in range(3)]
        write_csv(tmp_path / f"{place}.csv", rows)
    page = brief_page(brief_of(tmp_path), "../x/")
    check(page)
    html = Html(to_html(page))
    assert not [each.tag for each in html.body.iter() if each.tag in ("script", "img", "style", "iframe")]


def test_a_thousand_configurations_are_cut_and_it_says_so(tmp_path: Path) -> None:
    rows = [
        {"model": f"m:{model}", "tokens_s": 40 + model + level / 100, "concurrency": level}
        for model in range(60)
        for level in range(20)
    ]
    write_csv(tmp_path / "many.csv", rows)
    found = brief_of(tmp_path)
    assert len(found.by_configuration) == 1_200
    page = brief_page(found)
    check(page)
    [more] = [each for each in sections(page)["Performance"] if isinstance(each, Details) and "config" in each.summary]
    assert more.summary == "1,194 more configurations, as far as they are among the first 1,000"
    [table] = more.blocks
    assert isinstance(table, Table)
    assert len(table.rows) == 994


def test_files_without_a_number_are_not_among_those_that_were_all_read(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80), run("b:1b", 40, 90)])
    (tmp_path / "machine.json").write_text('{"engine": "ollama"}')
    text = to_markdown(brief_page(brief_of(tmp_path)))
    assert "2 runs in 2 files." in text
    assert "all read in full" not in text and "`machine.json` holds no number" in text
