"""Markdown: pipe tables ('table 2 row 3'), `key: value` list items and lines ('line 12'), and tables in code fences.

A page mostly repeats results that stand elsewhere, so its numbers are 'reported', not runs; a table that numbers its
runs (a column such as run, seed or timestamp) is read as a log of runs. `58.1 ± 4.4` is a mean and its standard
deviation.

Here is the walk down the page, which finds out what begins at each line; modules of their own read what it finds.
"""

import re

from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.formats.recognise import has_console_output
from chimera_dagster.ingest.html_tables import Title, ends_of_html, tables_and_titles
from chimera_dagster.ingest.markdown_fences import Fences
from chimera_dagster.ingest.markdown_lines import is_rule, lines_of, taken_fences
from chimera_dagster.ingest.markdown_output import ToolOutput
from chimera_dagster.ingest.markdown_pairs import Pairs, may_say
from chimera_dagster.ingest.markdown_sections import Sections
from chimera_dagster.ingest.markdown_tables import Tables
from chimera_dagster.ingest.surroundings.run_titles import title_of_runs

_UNDERLINE = re.compile(r"={3,}+\s*+|-{3,}+\s*+")
_HTML_TABLE = re.compile(r"<table[\s>]", re.IGNORECASE)
_OWN_PAGE, _HEAD = '<meta name="generator" content="chimera_dagster">', 1_000  # within its first characters


def read_markdown(text: str, collector: Collector, *, is_console: bool = False) -> None:
    """Read the front matter, tables, list items and `key: value` lines, and the output of known tools anywhere.

    If `is_console`, tables whose columns are told apart by spaces stand anywhere, not only in fences.

    A heading that names a model holds for its section; a caption or a line that ends in a colon, for what stands below
    it. A list item or a line that names a model, a backend or a GPU holds for all that follows in its section.
    """
    written = lines_of(text)
    lines = [*written]
    sections = Sections(written, collector.context)
    tables = Tables(collector, sections)
    output = ToolOutput(collector, sections, has_console=has_console_output(text.replace("\r", "\n")))
    pairs = Pairs(collector, sections, output)
    place = pairs.front_matter(lines)
    blocks, fences = taken_fences(lines, place), Fences(sections, output, tables, pairs)
    sections.note_commands(blocks.values())
    sections.begin(place)
    output.bare(place, lines)
    html_ends = ends_of_html(lines) if "<" in text and _HTML_TABLE.search(text) else {}
    while place < len(lines):
        line = lines[place]
        if not line:
            if place in blocks:
                fences.read(blocks[place], place)
                output.bare(place + len(blocks[place]), lines)
            place += 1
            continue
        if line.startswith("#"):
            sections.begin(place + 1, line)
            output.bare(place + 1, lines)
        above = lines[place - 1] if place else ""
        if "<" in line and _HTML_TABLE.search(line):
            place = tables.html(lines, place, html_ends.get(place))
            continue
        if is_console and "  " in line and (end := tables.aligned(lines, place, 0)):
            place = end
            continue
        if is_console and line[:1] in "[ \t" and (title := title_of_runs(line, "".join(lines[place + 1 : place + 2]))):
            sections.begin_runs(title)
        may_be_rule = "-" in line or "=" in line
        if may_be_rule and (("|" in above and is_rule(line, above)) or ("|" in line and is_rule(line))):
            place = tables.pipes(lines, place)
            continue
        if may_be_rule and "|" not in above and above.strip() and _UNDERLINE.fullmatch(line):
            sections.begin(place + 1, f"{'#' if line[0] == '=' else '##'} {above}")
            output.bare(place + 1, lines)
        elif may_say(line):
            pairs.line(line, place)
        place += 1
    output.read.tell_apart()


def read_html(text: str, collector: Collector) -> None:
    """Read the tables of an HTML page; a heading that names a model holds for its section."""
    if _OWN_PAGE in text[:_HEAD]:
        collector.leave_out("set_aside", "a page that this project made of results that stand in other files")
        return
    sections = Sections(lines_of(text), collector.context)
    tables = Tables(collector, sections)
    for found in tables_and_titles(text):
        if isinstance(found, Title):
            sections.begin(found.line, f"{'#' * found.level} {found.text}")
        else:
            tables.grid(found)
