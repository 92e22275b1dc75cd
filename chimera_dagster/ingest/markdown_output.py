"""Output of known tools that people paste into pages: console output, in fences or bare, and objects of JSON."""

from collections.abc import Sequence

from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.formats.recognise import read_document, read_text
from chimera_dagster.ingest.markdown_lines import FENCE, json_in
from chimera_dagster.ingest.markdown_sections import Sections
from chimera_dagster.ingest.page_sections import PageSections


class ToolOutput:
    """Reads what known tools print; `has_console` is whether the page may have any console output of them.

    `is_here` is whether the lines up to the next heading or fence were read as such; `read` is what was read so far.
    """

    def __init__(self, sheet: Collector, sections: Sections, *, has_console: bool) -> None:
        self._sheet, self._sections, self._has_console = sheet, sections, has_console
        self.is_here = False
        self._read_up_to = 0
        self.read = PageSections(sheet)

    def bare(self, place: int, lines: list[str]) -> None:
        """Read console output that stands between `place` and the next heading or fence.

        `lines` are those of the page without what stands in fences.
        """
        if place < self._read_up_to:  # below a heading that only looks like one, such as a ruler that a tool draws
            return
        self.is_here = False
        if self._has_console:
            written, rest = self._sections.lines, range(place, len(lines))
            end = next((at for at in rest if lines[at].startswith("#") or FENCE.match(written[at])), len(lines))
            self.is_here = self._text(lines[place:end], place, [])
            self._read_up_to = end if self.is_here else place

    def fenced(self, block: list[str], place: int) -> bool:
        """Read a fenced block, whose first line is at `place`; False if it is not a known tool's output."""
        return self._text(block, place, self._sections.above(place)) or self.json(_inside(block), place + 1)

    def json(self, lines: Sequence[str], place: int) -> bool:
        """Read a JSON object of a known format that stands on the lines from `place` on; False if it is not one."""
        content = json_in(lines)
        if content is None:
            return False
        start = self._sheet.heads
        is_known = read_document(content, f"line {place + 1}", self._sheet, self._sections.context_of_output())
        self.read.note(start, self._sections.titles)
        return is_known

    def _text(self, lines: list[str], place: int, above: Sequence[str]) -> bool:
        if not self._has_console:
            return False
        titles, context = self._sections.titles, self._sections.context_of_output()
        start = self._sheet.heads
        is_known = read_text(lines, place + 1, self._sheet, context, titles, above)
        self.read.note(start, titles)
        return is_known


def _inside(block: list[str]) -> list[str]:
    return block[1:-1] if len(block) > 1 and FENCE.match(block[-1]) else block[1:]
