"""Code fences of a page: output of known tools, tables and known metrics are read in them, but no code."""

from chimera_dagster.ingest.markdown_lines import FENCE, is_rule
from chimera_dagster.ingest.markdown_output import ToolOutput
from chimera_dagster.ingest.markdown_pairs import Pairs, may_say
from chimera_dagster.ingest.markdown_sections import Sections
from chimera_dagster.ingest.markdown_tables import Tables

_CODE = frozenset(
    {"bash", "sh", "shell", "zsh", "python", "py", "json", "yaml", "yml", "toml", "ini", "sql"}
    | {"js", "javascript", "ts", "typescript", "c", "cpp", "rust", "go", "diff", "xml", "html", "mermaid"}
)
_TABLES = {"csv": ",", "tsv": "\t"}  # languages of fences that are tables, and their delimiters


class Fences:
    """Reads the fenced blocks of one page, each by its lines and the place of the first of them."""

    def __init__(self, sections: Sections, output: ToolOutput, tables: Tables, pairs: Pairs) -> None:
        self._sections, self._output, self._tables, self._pairs = sections, output, tables, pairs

    def read(self, block: list[str], place: int) -> None:
        """Read a block; a command in it names the model of the output that follows on the page."""
        self._sections.note_command(block)
        if self._output.fenced(block, place):
            return
        opening = FENCE.match(block[0])
        language = opening["language"].lower() if opening else ""
        if language in _TABLES and len(block) > 2:
            last = len(block) - 1 if FENCE.match(block[-1]) else len(block)
            self._tables.delimited(block[1:last], place + 1, _TABLES[language])
        else:
            self._lines(block, place, is_code=language in _CODE)

    def _lines(self, block: list[str], place: int, *, is_code: bool) -> None:
        at = 1
        while at < len(block):
            line = block[at]
            if "|" in block[at - 1] and is_rule(line, block[at - 1]):
                at = self._tables.pipes_in_fence(block, at, place, is_code=is_code)
                continue
            if not is_code and "  " in line and (end := self._tables.aligned(block, at, place)):
                at = end
                continue
            if not is_code and may_say(line):
                self._pairs.line(line, place + at)
            at += 1
