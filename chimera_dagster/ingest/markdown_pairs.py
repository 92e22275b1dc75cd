"""Lines of a page that say a value: `key: value`, in a list or bare, and `key=value key=value`.

A line counts if it is sure to say one: prose has colons too.
"""

import re
from collections.abc import Sequence

from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.markdown_lines import ITEM, LONGEST_LINE, bare, quantity_of
from chimera_dagster.ingest.markdown_output import ToolOutput
from chimera_dagster.ingest.markdown_records import Shared, add_pair, add_record
from chimera_dagster.ingest.markdown_sections import Sections
from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.model_names import is_model
from chimera_dagster.ingest.names import aggregate_of
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.units import is_unit

_GLUED = re.compile(r"(?<!\s)\s++(?:#{1,6}\s|\|\s).*")
_PAIR = re.compile(r"(?P<key>[^:|\s][^:|]{0,59}):\s+(?P<value>.+)")
_LINE = re.compile(r"[>\s*_`]*+(?P<key>[^\W\d][^:|]{0,59}?)(?::|\s=(?=\s))(?P<value>[\s*_`].*)")
_ASSIGNED = re.compile(r"(?<![\w.%/])(?P<key>[A-Za-z][\w.%/]{0,40}+)\s{0,3}+=\s*+(?P<value>[^\s=,;|]++)")
_WARM = re.compile(r"\(warm[ -]?up\)", re.IGNORECASE)
_OF_RUN = re.compile(r"(?:run|iter(?:ation)?|trial|req(?:uest)?|repeat|attempt)[ _#-]*+\d", re.IGNORECASE)


def may_say(line: str) -> bool:
    """Whether a line has one of the marks without which it says nothing that is read."""
    return ":" in line or "=" in line or "<" in line or "**" in line


class Pairs:
    """Reads the lines of one page that are not of a table; what they say of a model and so on holds from there on."""

    def __init__(self, sheet: Collector, sections: Sections, output: ToolOutput) -> None:
        self._sheet, self._sections, self._output = sheet, sections, output

    def front_matter(self, lines: Sequence[str]) -> int:
        """Read `key: value` lines between two lines of dashes at the top; returns the place after them, or 0."""
        if not lines or lines[0].strip() != "---":
            return 0
        end = next((place for place, line in enumerate(lines[1:], start=1) if line.strip() == "---"), 0)
        for place, line in enumerate(lines[1:end], start=2):
            if pair := _PAIR.fullmatch(line):
                self._pair(f"line {place}", pair["key"], pair["value"])
        return end + 1 if end else 0

    def line(self, line: str, place: int) -> None:
        """Read a list item, or another line that says the value of a known metric or what the page is about."""
        where, is_output = f"line {place + 1}", self._output.is_here
        if line.count("=") > 1 and not is_output and len(line) <= LONGEST_LINE and self._assignments(where, line):
            return
        has_mark = ":" in line or "=" in line
        if has_mark and (item := ITEM.fullmatch(line)):
            self._pair(where, item["key"], item["value"])
        elif (line.startswith('{"') and self._output.json([line], place)) or len(line) > LONGEST_LINE or is_output:
            return
        elif (line.startswith("**") and line.rstrip(" :").endswith("**")) or line.rstrip().endswith(":"):
            self._sections.begin_part(line)
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
        of_all = aggregate_of(before.lstrip("->= ").partition(" ")[0])
        if all(map(aggregate_of, keys)) or of_all:
            keys = [f"{of_all or before} {key}" for key in keys]
        quantities = map(quantity_of, values)
        pairs = zip(keys, quantities, strict=True)
        if sum(quantity is not None and _is_known(key, quantity.unit) for key, quantity in pairs) < 2:
            return False
        if not before.lower().startswith("warm") and not _WARM.search(line):
            shared = Shared(self._sections.context_of_output(), log=_OF_RUN.match(before) is not None)
            add_record(self._sheet, where, tuple(keys), values, None, shared)
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
            self._pair(where, key, value, "heading")

    def _pair(self, where: str, key: str, value: str, source: str = "column") -> None:
        """One `key: value`; a context in it holds from now on."""
        key, value = bare(key), bare(_GLUED.sub("", value) if "|" in value or "#" in value else value)
        if quantity_of(value) is None and role_of(key)[0] in ("number", "identifier", "parameter"):
            return
        context = self._sections.context
        said = add_pair(self._sheet, where, key, value, context, source).context
        if said is not context:
            self._sections.say(said)


def _is_known(name: str, unit: str | None) -> bool:
    return role_of(name)[0] == "number" and meaning(name, unit).unit is not None
