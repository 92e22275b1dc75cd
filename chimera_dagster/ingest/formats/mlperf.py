"""MLPerf inference: LoadGen's `mlperf_log_summary.txt`. Its detailed log and its log of answers are set aside.

Written after LoadGen 6.0.17. The file names no model; folders of submissions do.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from chimera_dagster.ingest.cells import number_in
from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, NotThisFormatError, TextFormat
from chimera_dagster.ingest.formats.lines import Lines

_LATENCY = re.compile(
    r"(?:(?P<word>Min|Max|Mean)|(?P<percentile>\d{1,3}(?:\.\d{1,2})?) percentile) "
    r"(?P<what>latency|[Ff]irst [Tt]oken latency|Time per Output Token|time to output token) \(ns\)"
)
_LATENCIES = {
    "latency": "e2e_ms",
    "first token latency": "ttft_ms",
    "time per output token": "tpot_ms",
    "time to output token": "tpot_ms",
}
# The tokens that LoadGen infers from a count of samples are not read
_RATES = {
    "Samples per second": "requests_per_s",
    "Completed samples per second": "requests_per_s",
    "QPS w/ loadgen overhead": "requests_per_s",
    "Tokens per second": "output_tok_s",
    "Completed tokens per second": "output_tok_s",
    "TPS w/ loadgen overhead": "output_tok_s",
}
_QUERIES = re.compile(r" \* Processed (?:at least \d++ queries \()?(?P<count>\d{1,12})(?: queries)?[).]")


def _read(lines: Lines) -> None:
    starts = [place for place, line in enumerate(lines.lines) if _TITLE in line]
    for start, stop in pairwise([*starts, len(lines.lines)]):
        _read_run(lines, start, stop)


def _read_run(lines: Lines, start: int, stop: int) -> None:
    said = _said(lines.lines[start:stop])
    if not {"Scenario", "Mode", "Result is"} <= said.keys():
        raise NotThisFormatError("it states no scenario or no result")
    scenario, mode, result = (said[name][0] for name in ("Scenario", "Mode", "Result is"))
    if mode == "AccuracyOnly":
        return
    queries = next(filter(None, map(_QUERIES.match, lines.lines[start:stop])), None)
    context = lines.describe(
        conditions={
            "task": scenario,
            "request_rate": number_in(said.get("target_qps", [""])[0]) if scenario == "Server" else None,
            "validity": None if result == "VALID" else result,
        },
        n=int(queries["count"]) if queries else None,
    )
    figures: list[Figure] = []
    for name, values in said.items():
        found = _figure(lines, name, values[0])
        if found and len(values) > 1:
            lines.problem(f"line {lines.first + start}: {name} has {len(values)} values, so none was read")
        elif found:
            figures.append(found)
    lines.record(start, stop, figures, context)


def _said(lines: Sequence[str]) -> Mapping[str, list[str]]:
    """`name : value` lines: the different values of each name, of which some stand twice."""
    said: dict[str, dict[str, None]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            said.setdefault(name.strip(), {})[value.strip()] = None
    return {name: [*values] for name, values in said.items()}


def _figure(lines: Lines, name: str, value: str) -> Figure | None:
    if name in _RATES:
        return lines.figure(_RATES[name], value, name)
    if not (found := _LATENCY.fullmatch(name)):
        return None
    percentile = found["percentile"] and f"p{float(found['percentile']):g}"
    return lines.figure(_LATENCIES[found["what"].lower()], value, name, "ns", percentile or found["word"].lower())


def _leave_out_log(lines: Lines) -> None:
    lines.leave_out("LoadGen's detailed log; its results stand in mlperf_log_summary.txt")


def _leave_out(document: Document) -> None:
    document.leave_out()
    document.collector.leave_out("set_aside", "LoadGen's log of single answers")


_TITLE, _ENTRY = "MLPerf Results Summary", ":::MLLOG {"
SUMMARY = TextFormat("MLPerf LoadGen", re.compile(_TITLE), _read, within=_TITLE)
DETAIL = TextFormat("MLPerf LoadGen", re.compile(f"(?m)^{re.escape(_ENTRY)}"), _leave_out_log, within=_ENTRY)
ACCURACY = DocumentFormat("MLPerf LoadGen", frozenset({"seq_id", "qsl_idx", "data"}), _leave_out)
