"""Markdown: pipe tables ('table 2 row 3'), `key: value` list items and lines ('line 12'), and tables in code fences.

A page mostly repeats results that stand elsewhere, so its numbers are 'reported', not runs; a table that numbers its
runs (a column such as run, seed or timestamp) is read as a log of runs. `58.1 ± 4.4` is a mean and its standard
deviation.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.aligned_tables import aligned_table
from chimera_dagster.ingest.collector import Added, Collector
from chimera_dagster.ingest.column_survey import Survey, plain_cells, survey
from chimera_dagster.ingest.context import Context, described
from chimera_dagster.ingest.field_roles import FieldRoles, Number
from chimera_dagster.ingest.formats.recognise import has_console_output, read_document, read_table, read_text
from chimera_dagster.ingest.html_tables import Grid, Title, ends_of_html, tables_and_titles
from chimera_dagster.ingest.markdown_lines import (
    FENCE,
    bare,
    draft_of_command,
    end_of_table,
    header_above,
    is_rule,
    json_in,
    lines_of,
    model_of_command,
    number_of,
    quantity_of,
    rows_below,
    taken_fences,
    width_of,
)
from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.model_names import is_model, model_in_text
from chimera_dagster.ingest.names import aggregate_of, normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.table_shapes import (
    Heading,
    Part,
    Transposed,
    heading,
    matrix_of,
    shape_of,
    subject_of,
    total_of,
)
from chimera_dagster.ingest.units import is_unit
from chimera_dagster.ingest.unlisted_settings import settings_among
from chimera_dagster.ingest.vocabulary import vocabulary

_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(?P<key>[^:|]{1,60}?)(?::\s*|\s=\s+)(?P<value>.+)")
_GLUED = re.compile(r"(?<!\s)\s++(?:#{1,6}\s|\|\s).*")
_PAIR = re.compile(r"(?P<key>[^:|\s][^:|]{0,59}):\s+(?P<value>.+)")
_LINE = re.compile(r"[>\s*_`]*+(?P<key>[^\W\d][^:|]{0,59}?)(?::|\s=(?=\s))(?P<value>[\s*_`].*)")
_ASSIGNED = re.compile(r"(?<![\w.%/])(?P<key>[A-Za-z][\w.%/]{0,40}+)\s{0,3}+=\s*+(?P<value>[^\s=,;|]++)")
_OF_RUN = re.compile(r"(?:run|iter(?:ation)?|trial|req(?:uest)?|repeat|attempt)[ _#-]*+\d", re.IGNORECASE)
_MODEL_IS = re.compile(r"models?\s*[:=]\s*(?P<model>\S+)", re.IGNORECASE)
_UNDERLINE = re.compile(r"={3,}+\s*+|-{3,}+\s*+")
_HTML_TABLE = re.compile(r"<table[\s>]", re.IGNORECASE)
_OWN_PAGE, _HEAD = '<meta name="generator" content="chimera_dagster">', 1_000  # within its first characters
_CODE = frozenset(
    {"bash", "sh", "shell", "zsh", "python", "py", "json", "yaml", "yml", "toml", "ini", "sql"}
    | {"js", "javascript", "ts", "typescript", "c", "cpp", "rust", "go", "diff", "xml", "html", "mermaid"}
)
_TABLES = {"csv": ",", "tsv": "\t"}  # languages of fences that are tables, and their delimiters
_ABOVE, _BELOW = 50, 3  # lines around a block or a table that may say what it is about
_NAMES, _VALUES = {"metric", "measure", "name", "key"}, {"value", "result"}
_LONGEST = 200  # characters of a line that may be a caption or a pair


def read_markdown(text: str, collector: Collector, *, is_console: bool = False) -> None:
    """Read the front matter, tables, list items and `key: value` lines, and the output of known tools anywhere.

    If `is_console`, tables whose columns are told apart by spaces stand anywhere, not only in fences.

    A heading that names a model holds for its section; a caption or a line that ends in a colon, for what stands below
    it. A list item or a line that names a model, a backend or a GPU holds for all that follows in its section.
    """
    written = lines_of(text)
    lines = [*written]
    has_console = has_console_output(text.replace("\r", "\n"))
    page = _Page(collector, written, has_console=has_console)
    place = page.front_matter(lines)
    fences = taken_fences(lines, place)
    console = lines if has_console else []
    page.note_commands(fences.values())
    page.begin_section(place)
    page.console(place, console)
    html_ends = ends_of_html(lines) if "<" in text and _HTML_TABLE.search(text) else {}
    while place < len(lines):
        line = lines[place]
        if not line:
            if place in fences:
                page.fence(fences[place], place)
                page.console(place + len(fences[place]), console)
            place += 1
            continue
        if line.startswith("#"):
            page.begin_section(place + 1, line)
            page.console(place + 1, console)
        above = lines[place - 1] if place else ""
        if "<" in line and _HTML_TABLE.search(line):
            place = page.html(lines, place, html_ends.get(place))
            continue
        if is_console and "  " in line and (end := page.aligned(lines, place, 0)):
            place = end
            continue
        may_be_rule = "-" in line or "=" in line
        if may_be_rule and (("|" in above and is_rule(line, above)) or ("|" in line and is_rule(line))):
            place = page.table(lines, place)
            continue
        if may_be_rule and "|" not in above and above.strip() and _UNDERLINE.fullmatch(line):
            page.begin_section(place + 1, f"{'#' if line[0] == '=' else '##'} {above}")
            page.console(place + 1, console)
        elif _may_say(line):
            page.line(line, place)
        place += 1


def read_html(text: str, collector: Collector) -> None:
    """Read the tables of an HTML page; a heading that names a model holds for its section."""
    if _OWN_PAGE in text[:_HEAD]:
        collector.leave_out("set_aside", "a page that this project made of results that stand in other files")
        return
    page = _Page(collector, lines_of(text), has_console=False)
    for found in tables_and_titles(text):
        if isinstance(found, Title):
            page.begin_section(found.line, f"{'#' * found.level} {found.text}")
        else:
            page.grid(found)


class _Section(NamedTuple):
    """A section, its heading's level and what holds in it; `names_model` if its heading does, or if it is the page."""

    level: int
    context: Context
    names_model: bool


class _Table(NamedTuple):
    """What holds for the records of a table: whether it lists runs, and its settings that are not in the vocabulary."""

    context: Context
    log: bool = False
    settings: frozenset[str] | None = None


class _Page:
    """Adds the records of one page; what the page says of its model and so on is kept for what follows."""

    def __init__(self, collector: Collector, lines: list[str], *, has_console: bool) -> None:
        self._sheet, self._tables, self._lines, self._has_console = collector, 0, lines, has_console
        self._headings: list[tuple[int, str]] = []  # level and text, the nearest one first
        self._contexts = [_Section(0, collector.context, names_model=True)]  # of the page and the sections here
        self._section = 0  # place of its first line
        self._is_console = False  # whether the lines here were read as a known tool's output
        self._read_up_to = 0  # as a known tool's output
        self._command: str | None = None  # the model that the last command in a fence runs
        self._draft: str | None = None  # the model that drafts for it
        self._one_command = False

    @property
    def _context(self) -> Context:
        return self._contexts[-1].context

    def note_commands(self, fences: Iterable[list[str]]) -> None:
        """Find out whether all commands of the page run one model; else each counts only up to the next heading."""
        self._one_command = len({model for block in fences if (model := model_of_command(block))}) == 1

    def _of_command(self) -> Context:
        """What holds for output: the command above names its model, if nothing else does, and its draft model."""
        context = self._context
        if self._command is None:
            return context
        if self._draft:
            conditions = {**dict(context.conditions), "speculative_decoding": self._draft}
            context = context._replace(conditions=tuple(sorted(conditions.items())))
        if context.model_source in (None, "path"):
            context = context._replace(model=self._command, model_source="text")
        return context

    def front_matter(self, lines: list[str]) -> int:
        """Read `key: value` lines between two lines of dashes at the top; returns the place after them, or 0."""
        if not lines or lines[0].strip() != "---":
            return 0
        end = next((place for place, line in enumerate(lines[1:], start=1) if line.strip() == "---"), 0)
        for place, line in enumerate(lines[1:end], start=2):
            if pair := _PAIR.fullmatch(line):
                self._pair_of_page(f"line {place}", pair["key"], pair["value"])
        return end + 1 if end else 0

    def begin_section(self, place: int, heading: str = "") -> None:
        """Lines up to the next heading."""
        self._section = place
        if heading:
            text = heading.lstrip("#")
            level = len(heading) - len(text)
            self._headings = [(level, text.strip("# ")), *(outer for outer in self._headings if outer[0] < level)]
            self._begin_context(level, text.strip("# "))
            if not self._one_command:
                self._command = None

    def console(self, place: int, lines: list[str]) -> None:
        """Read output of a known tool that stands between `place` and the next heading or fence.

        `lines` are those of the page if it has such output, without what stands in fences.
        """
        if place < self._read_up_to:  # below a heading that only looks like one, such as a ruler that a tool draws
            return
        self._is_console = False
        if lines:
            rest = range(place, len(lines))
            end = next((at for at in rest if lines[at].startswith("#") or FENCE.match(self._lines[at])), len(lines))
            self._is_console = self._text(lines[place:end], place, [])
            self._read_up_to = end if self._is_console else place

    def _begin_context(self, level: int, text: str) -> None:
        """End what the sections of this level and below have said; a model in the text holds from here on."""
        while self._contexts[-1].level >= level:
            self._contexts.pop()
        context, model = self._context, _model_said(text)
        if model:
            context = context._replace(model=model, model_source="heading")
        self._contexts.append(_Section(level, context, names_model=model is not None))

    def fence(self, block: list[str], place: int) -> None:
        """Read a fenced block, whose first line is `place`: console output, tables and known metrics, but no code."""
        if model := model_of_command(block):
            self._command, self._draft = model, draft_of_command(block)
        if self._text(block, place, self._lines[max(self._section, place - _ABOVE) : place]):
            return
        inside = block[1:-1] if len(block) > 1 and FENCE.match(block[-1]) else block[1:]
        if self._known_json(inside, place + 1):
            return
        opening = FENCE.match(block[0])
        is_code = opening is not None and opening["language"].lower() in _CODE
        if opening is not None and opening["language"].lower() in _TABLES and len(block) > 2:
            self._delimited(block, place, opening["language"].lower())
            return
        at = 1
        while at < len(block):
            if "|" in block[at - 1] and is_rule(block[at], block[at - 1]):
                rows = [*rows_below(block, at)]
                named = [(f"line {place + below + 1}", cells) for below, cells in rows]
                header = header_above(block, at)
                if not self._known_table(header, named, place + at) and not is_code:
                    self._rows(f"lines {place + at}-{place + at + 1 + len(rows)}", header, named, self._context)
                at = end_of_table(block, rows[-1][0] + 1) - 1 if rows else at
            elif not is_code and "  " in block[at] and (end := self.aligned(block, at, place)):
                at = end - 1
            elif not is_code and _may_say(block[at]):
                self.line(block[at], place + at)
            at += 1

    def _known_json(self, lines: Sequence[str], place: int) -> bool:
        """Read a JSON object of a known format that stands on these lines."""
        content = json_in(lines)
        return content is not None and read_document(content, f"line {place + 1}", self._sheet, self._of_command())

    def _delimited(self, block: list[str], place: int, language: str) -> None:
        """Read a fenced block that is a CSV file; a row is named by the line that it ends on."""
        last = len(block) - 1 if FENCE.match(block[-1]) else len(block)
        reader = csv.reader(block[1:last], delimiter=_TABLES[language])
        try:
            (_, names), *rows = [(f"line {place + 1 + reader.line_num}", row) for row in reader if row] or [("", [])]
        except csv.Error as error:
            self._sheet.problem(f"line {place + 1 + reader.line_num}: {error}")
            return
        header = tuple(name.strip() for name in names)
        if rows and not self._known_table(header, rows, place + 1):
            self._rows(f"lines {place + 2}-{place + last}", header, rows, self._context)

    def _text(self, lines: list[str], place: int, above: list[str]) -> bool:
        if not self._has_console:
            return False
        headings = [text for _, text in self._headings]
        return read_text(lines, place + 1, self._sheet, self._of_command(), headings, above)

    def line(self, line: str, place: int) -> None:
        """Read a list item, or another line that says the value of a known metric or what the page is about."""
        where = f"line {place + 1}"
        if line.count("=") > 1 and not self._is_console and len(line) <= _LONGEST and self._assignments(where, line):
            return
        has_mark = ":" in line or "=" in line
        if has_mark and (item := _ITEM.fullmatch(line)):
            self._pair_of_page(where, item["key"], item["value"])
        elif (line.startswith('{"') and self._known_json([line], place)) or len(line) > _LONGEST or self._is_console:
            return
        elif (line.startswith("**") and line.rstrip(" :").endswith("**")) or line.rstrip().endswith(":"):
            if model_in_text(line):
                self._begin_context(7, line)  # below every heading
        elif has_mark and (pair := _LINE.fullmatch(line)):
            self._plain_pair(where, bare(pair["key"]), bare(pair["value"]))

    def _assignments(self, where: str, line: str) -> bool:
        """Read `run-1 ttft=13ms decode_tps=138.0` and `TTFT mean=13ms std=2ms`: one record, if it has known metrics.

        A name before aggregates is that of their metric. Warm-ups do not count.
        """
        found = [*_ASSIGNED.finditer(line)]
        if not 2 <= len(found) == len({pair["key"] for pair in found}):  # a repeated key begins another record
            return False
        keys, values = [pair["key"] for pair in found], [pair["value"] for pair in found]
        before = bare(line[: found[0].start()].strip(" \t:|[]-"))
        if all(map(aggregate_of, keys)):
            keys = [f"{before} {key}" for key in keys]
        quantities = map(quantity_of, values)
        pairs = zip(keys, quantities, strict=True)
        if sum(quantity is not None and _is_known(key, quantity.unit) for key, quantity in pairs) < 2:
            return False
        if not before.lower().startswith("warm"):
            how = _Table(self._of_command(), log=_OF_RUN.match(before) is not None)
            self._add(where, tuple(keys), values, None, how)
        return True

    def _plain_pair(self, where: str, key: str, value: str) -> None:
        """A pair outside of a list counts only if it is sure to be one."""
        role, which = role_of(key)
        quantity = quantity_of(value)
        if role == "number" and quantity is not None:
            names_metric = aggregate_of(key) is None and not is_unit(key)
            known = names_metric and meaning(key, quantity.unit).unit is not None
        elif role == "context":
            known = which != "model" or is_model(value) or " " not in value
            known = known and which in ("model", "gpu", "backend")
        else:
            known = role in ("condition", "parameter") and quantity is not None
        if known:
            self._pair_of_page(where, key, value, "heading")

    def _pair_of_page(self, where: str, key: str, value: str, source: str = "column") -> None:
        """One `key: value`; a context in it holds from now on."""
        key, value = bare(key), bare(_GLUED.sub("", value) if "|" in value or "#" in value else value)
        if quantity_of(value) is None and role_of(key)[0] in ("number", "identifier", "parameter"):
            return
        said = self._pair(where, key, value, self._context, source).context
        if said is not self._context:
            self._say(said)

    def _say(self, said: Context) -> None:
        """What a pair says holds for its section; a model and so on, up to the next section that names a model."""
        for place in range(len(self._contexts) - 1, -1, -1):
            section = self._contexts[place]
            own = said.conditions if place == len(self._contexts) - 1 else section.context.conditions
            context = said._replace(prompt=None, parameters=(), conditions=own, labels=(), failed=False)
            self._contexts[place] = section._replace(context=context)
            if section.names_model:
                return

    def table(self, lines: list[str], rule: int) -> int:
        """Read the table whose rule (the line of dashes) is at `rule`; returns the place after the table.

        Text may be glued before the header and after the last row: the header is the last cells, a row the first.
        """
        self._tables += 1
        where = f"table {self._tables}"
        width, header = width_of(lines[rule]), header_above(lines, rule)
        if len(header) < width:
            self._sheet.problem(f"{where}, line {rule + 1}: a header of {width} cells is expected above")
        rows = [*rows_below(lines, rule)]
        after = end_of_table(lines, rows[-1][0] + 1) if rows else rule + 1
        named = [(f"{where} row {number}", cells) for number, (_, cells) in enumerate(rows, start=1)]
        if len(header) < width:
            self._sheet.numbers += sum(quantity_of(cell) is not None for _, cells in named for cell in cells)
        elif not self._known_table(header, named, rule):
            caption = self._caption(lines, rule)
            self._rows(where, header, named, self._captioned(caption), caption)
        return after

    def html(self, lines: list[str], place: int, end: int | None) -> int:
        """Read the HTML tables on the lines from `place` to before `end`; returns the place after them."""
        if end is None:
            self._sheet.problem(f"line {place + 1}: a table in HTML that does not end is not read")
            return place + 1
        for found in tables_and_titles("\n".join(lines[place:end]), place):
            if isinstance(found, Grid):
                self.grid(found)
        return end

    def grid(self, grid: Grid) -> None:
        """Read an HTML table; a row that is a single cell says what the rows below it are about."""
        self._tables += 1
        where = f"table {self._tables}"
        header, *others = grid.header
        titles = {at: subject_of(grid.rows[at][0]) for at in grid.titles}
        kinds = {kind for kind, _ in titles.values()}
        named = [("header", cells) for cells in others]
        if kinds:
            about = kinds.pop() if len(kinds) == 1 else "section"
            header, named = [*header, about], [(at, [*cells, about]) for at, cells in named]
        above = ""
        for at, cells in enumerate(grid.rows):
            if at in titles:
                above = titles[at][1]
            else:
                named.append((f"{where} row {at + 1}", [*cells, above] if titles else cells))
        names = tuple(map(bare, header))
        named = [(at, [*map(bare, cells)]) for at, cells in named]
        if not self._known_table(names, named, grid.line):
            self._rows(where, names, named, self._captioned(grid.caption), grid.caption)

    def aligned(self, lines: list[str], at: int, before: int) -> int | None:
        """Read a table whose columns are told apart by spaces, if its header is the line at `at` of `lines`.

        `before` is the place of the first of `lines` on the page. Returns the place after the table.
        """
        found = aligned_table(lines, at)
        if found is None:
            return None
        first = before + at
        named = [(f"line {before + place + 1}", [*map(bare, cells)]) for place, cells in found.rows]
        header = tuple(map(bare, found.header))
        if not self._known_table(header, named, first):
            self._rows(f"lines {first + 1}-{before + found.end}", header, named, self._context)
        return found.end

    def _caption(self, lines: list[str], rule: int) -> str:
        """The line above a table, if it is one of text."""
        above = next((line for line in reversed(lines[max(rule - 3, 0) : max(rule - 1, 0)]) if line.strip()), "")
        plain = "|" not in above and not above.startswith("#") and len(above) <= _LONGEST
        return above if plain and not _ITEM.fullmatch(above) else ""

    def _captioned(self, caption: str) -> Context:
        """The context of a table: the model is that of its caption, if that names one."""
        model = model_in_text(caption)
        return self._context._replace(model=model, model_source="heading") if model else self._context

    def _known_table(self, header: tuple[str, ...], rows: list[tuple[str, list[str]]], rule: int) -> bool:
        end = rule + 1 + len(rows)
        above = self._lines[max(self._section, rule - _ABOVE) : max(rule - 1, 0)]
        below = self._lines[end : end + _BELOW]
        headings = [text for _, text in self._headings]
        return read_table(header, lambda: rows, self._sheet, self._context, number_of, above, below, headings)

    def _rows(
        self,
        where: str,
        header: tuple[str, ...],
        named: list[tuple[str, list[str]]],
        context: Context,
        caption: str = "",
    ) -> None:
        """Add the records of a table: a row each, or as its shape says."""
        rows = [(at, cells[: len(header)]) for at, cells in named if self._is_whole(at, cells, len(header))]
        names = [normal(name)[0] for name in header]
        if len(names) == 2 and names[0] in _NAMES and names[1] in _VALUES:
            self._pairs(rows, context)
            return
        found = heading(header, [cells for _, cells in rows])
        rows = rows[found.rows :]
        body = [cells for _, cells in rows]
        shape = shape_of(found, body)
        if shape is None and (matrix := self._matrix(found, body, caption)):
            shape, found = shape_of(matrix, body), matrix
        seen = survey(found.names, lambda: body, "", units_fit=shape is None)
        for problem in seen.problems(found.names):
            self._sheet.problem(f"{where}, {problem}")
        how = _Table(
            context,
            log=any(name in vocabulary().run_columns for name in names),
            settings=None if isinstance(shape, Transposed) else settings_among(found.names, body),
        )
        if isinstance(shape, Transposed):
            parts = [*shape.parts(body)]
            how = how._replace(settings=settings_among(parts[0].names, (part.cells for part in parts)))
            for part in parts:
                self._part(f"{where} column {(part.column or 0) + 1}", part, seen, how)
        elif shape:
            for at, cells in rows:
                for part in shape.parts(cells):
                    self._part(at if part.column is None else f"{at} column {part.column + 1}", part, seen, how)
        else:
            for at, cells in rows:
                if how.log and (part := total_of(found.names, found.units, cells)):
                    self._part(at, part, seen, how)
                    continue
                plain = seen.plain(cells, found.units)
                if plain.lost:
                    self._lose(at, found.names, cells, plain.lost, seen)
                self._add(at, found.names, _with_spreads(cells, plain.cells), plain.units, how)

    def _matrix(self, found: Heading, body: list[list[str]], caption: str) -> Heading | None:
        """The header of a table whose metric is that of its caption or of its heading."""
        heading = self._headings[0][1] if self._headings else ""
        return matrix_of(found, body, caption) or matrix_of(found, body, heading)

    def _is_whole(self, at: str, cells: list[str], width: int) -> bool:
        """Whether a row has a cell for each name; what it has beyond them is counted and reported."""
        if len(cells) == width:
            return True
        beyond = sum(quantity_of(cell) is not None for cell in cells[width:])
        self._sheet.numbers += beyond
        if beyond or len(cells) < width:
            self._sheet.problem(f"{at} has {len(cells)} cells, the header has {width}")
        if len(cells) < width:
            self._sheet.numbers += sum(quantity_of(cell) is not None for cell in cells)
        return len(cells) >= width

    def _pairs(self, rows: list[tuple[str, list[str]]], context: Context) -> None:
        """Rows of a metric and its value; what other rows say holds for all of them."""
        settings = [cells for _, cells in rows if role_of(cells[0])[0] in ("context", "condition")]
        if settings:
            names, values = zip(*settings, strict=True)
            context = described(self._sheet.roles(names), values, context, "column")
        for at, cells in rows:
            self._pair(at, cells[0], cells[1], context)

    def _lose(self, at: str, names: Sequence[str], cells: Sequence[str], lost: Sequence[int], seen: Survey) -> None:
        for place in lost:
            if place not in seen.damaged:
                self._sheet.problem(f"{at}, {names[place]}: {cells[place][:40]!r} can be read in two ways")
        self._sheet.numbers += len(lost)
        self._sheet.unread.update(names[place] for place in lost)

    def _part(self, at: str, part: Part, seen: Survey, how: "_Table") -> None:
        cells, units = plain_cells(part.names, part.cells, part.units, comma=seen.comma)
        self._add(at, part.names, _with_spreads(part.cells, cells), units, how)

    def _pair(self, where: str, key: str, value: str, context: Context, source: str = "column") -> Added:
        return self._add(where, (key,), [value], None, _Table(context), source)

    def _add(
        self,
        where: str,
        names: tuple[str, ...],
        cells: list[str],
        stated: Sequence[str | None] | None,
        how: "_Table",
        source: str = "column",
    ) -> Added:
        quantities = [quantity_of(cell) for cell in cells]
        written = [quantity and quantity.unit for quantity in quantities]
        units = [said or unit for said, unit in zip(stated, written, strict=True)] if stated else written
        roles = self._sheet.roles(names, tuple(units), "", None if how.log else "reported", how.settings)
        spreads = {
            place: repr(quantity.spread)
            for place, quantity in enumerate(quantities)
            if quantity and quantity.spread is not None
        }
        if spreads:
            roles, cells = _spread_roles(roles, tuple(spreads)), [*cells, *spreads.values()]
        return self._sheet.record(where, roles, cells, how.context, source, number_of, fails=how.log)


def _with_spreads(written: list[str], plain: list[str]) -> list[str]:
    """The plain numbers of cells, but as written where a spread follows."""
    if written == plain:
        return plain
    return [cell if "±" in cell or "+/-" in cell else number for cell, number in zip(written, plain, strict=True)]


def _spread_roles(roles: FieldRoles, spreads: tuple[int, ...]) -> FieldRoles:
    """The roles of a record whose cells at these places are means; their standard deviations follow the other cells."""
    numbers: list[Number] = []
    width = len(roles.names)
    for number in roles.numbers:
        if number.place in spreads:
            spread = width + spreads.index(number.place)
            numbers.append(number._replace(measured=number.measured._replace(aggregate="mean")))
            numbers.append(number._replace(place=spread, measured=number.measured._replace(aggregate="std")))
        else:
            numbers.append(number)
    return roles._replace(numbers=tuple(numbers), aggregates=frozenset(number.measured.aggregate for number in numbers))


def _may_say(line: str) -> bool:
    """Whether a line has one of the marks without which it says nothing that is read."""
    return ":" in line or "=" in line or "<" in line or "**" in line


def _is_known(name: str, unit: str | None) -> bool:
    return role_of(name)[0] == "number" and meaning(name, unit).unit is not None


@remembered(maxsize=10_000)
def _model_said(heading: str) -> str | None:
    """The model that a heading is about."""
    said = _MODEL_IS.fullmatch(bare(heading))
    return bare(said["model"]) if said else model_in_text(heading)
