"""Random files: made of the words and shapes that the readers look for, and damaged copies of real ones."""

import codecs
import csv
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

_NAMES = """ttft_s ttft_ms TTFT(ms) Tokens/s tokens_s mean_ttft_s p95_ms p50 std eval_duration load_duration eval_count
memory_used_gb vram cpu_percent power_draw total_tokens latency time_ms model backend gpu prompt timestamp num_ctx
top_k top_p num_gpu seed run n error success ok options config params metadata columns data index name metric
value temperature unit stat status completed failed tokens_per_second duration gemma3:270m smollm2:135m counter_x
Throughput Δ results 0 1 * ~ / a/b \ud83d_ms"""
_NUMBERS = """0 -0.0 1 42 3.25 1e3 -1E-2 +5 .5 5. 007 1,234 1,234,567.5 0,5 12,5 1e308 -1e308 1e400 -1e999 NaN nan inf
-inf Infinity 1_000 ٣ ² 0x10 1.2.3 1.5ms 1234567890123456789 5e-324 n/a - – none null true FALSE 12% ~9 ≈3.5 7** 1.234,5
1'234.5 1.234 2,5 45.2tok/s 350ms 1m27s 2h3m 1:27 6GB"""
_UNITS = ["", "s", "ms", "us", "µs", "ns", "GB", "MiB", "tok/s", "%", "°C", "widgets"]
_ENCODINGS = ["utf-8"] * 8 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"]

_any_text = st.text(st.characters(exclude_categories=()), max_size=8)
names = st.one_of(st.sampled_from(_NAMES.split()), st.sampled_from(_NAMES.split()), _any_text)
numbers = st.one_of(
    st.sampled_from(_NUMBERS.split()), st.integers(-(10**6), 10**6).map(str), st.floats(width=32).map(repr)
)
cells = st.one_of(
    numbers,
    numbers,
    _any_text,
    st.sampled_from(['{"temperature": 0.3, "seed": 1}', "gemma3:270m", "timed out", " 5 ", "s", "us", '"', "'", "\n"]),
    st.builds("{} {}".format, numbers, st.sampled_from(_UNITS)),
)


def encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "replace" if encoding == "latin-1" else "surrogatepass")


def _files(texts: "st.SearchStrategy[str]") -> "st.SearchStrategy[bytes]":
    return st.builds(encoded, texts, st.sampled_from(_ENCODINGS))


def _csv(
    above: str, heads: list[list[str]], rows: list[list[str]], mark: str, end: str, *, ragged: bool, quoted: bool
) -> str:
    head = heads[0]
    rows = [*heads[1:], *rows]
    table = [head, *(row if ragged else [*row, *[""] * len(head)][: len(head)] for row in rows)]
    if not quoted:
        return above + end.join(mark.join(row) for row in table)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, lineterminator=end).writerows(table)
    return above + out.getvalue()


_stats = st.lists(st.sampled_from(["mean", "std", "p95", "count", "ms", "s", "", "alpha:7b", "beta:3b"]), max_size=6)
csv_files = _files(
    st.builds(
        _csv,
        st.sampled_from([""] * 6 + ["sep=;\n", "sep=,\n", "# gpu: X\n", "# a,ttft_ms\n", "Title\n", "Model,x:1b\n\n"]),
        st.builds(
            lambda head, below: [head, *below],
            st.one_of(
                st.lists(names, min_size=1, max_size=6),
                st.lists(names, min_size=1, max_size=3).map(lambda some: ["", *(name for name in some for _ in "12")]),
            ),
            st.one_of(st.just([]), st.just([]), st.lists(_stats, min_size=1, max_size=2)),
        ),
        st.lists(
            st.one_of(
                st.lists(cells, max_size=7),
                st.builds(lambda name, row: [name, *row], st.one_of(names, names, st.just("mean")), st.lists(numbers)),
            ),
            max_size=6,
        ),
        st.sampled_from(",,,;\t|"),
        st.sampled_from(["\n", "\n", "\r\n", "\r", "\r\r\n"]),
        ragged=st.booleans(),
        quoted=st.booleans(),
    )
)

# an object is a tuple of pairs, so that a key may stand in it twice
_leaves = st.one_of(
    st.sampled_from(
        ["1e400", "-0.0", "1" + "0" * 400, "9" * 5000, "NaN", "Infinity", "-Infinity", "true", "null", '"5"']
    ),
    st.integers(-(10**9), 10**9).map(str),
    st.floats().map(json.dumps),
    cells.map(json.dumps),
    _any_text.map(lambda text: json.dumps(text, ensure_ascii=False)),
)
_pairs = st.lists(st.tuples(names, _leaves), max_size=5).map(tuple)


def _columns(titles: list[str], rows: list[list[str]], shape: str) -> Any:
    """One table by columns, in three ways."""
    width = len(titles)
    table = [[*row, *["1"] * width][:width] for row in rows]
    if shape == "split":
        return (("columns", [json.dumps(title) for title in titles]), ("data", table))
    if shape == "lists":
        return tuple((title, [row[at] for row in table]) for at, title in enumerate(titles))
    return tuple((title, tuple((str(nr), row[at]) for nr, row in enumerate(table))) for at, title in enumerate(titles))


_tables = st.builds(
    _columns,
    st.lists(names, min_size=1, max_size=4),
    st.lists(st.lists(_leaves, max_size=4), max_size=4),
    st.sampled_from(["split", "lists", "numbered"]),
)
# shapes that say what a number is by the keys above or beside it
_KEYS_ABOVE = """ttft ttft_ms throughput latency p50 mean percentiles quantiles summary samples values results config
system gpus gemma3:270m lynx-7b foo 50 0.5"""
_metric_names = st.sampled_from(["ttft", "ttft_ms", "throughput", "spins", "lynx:7b"]).map(json.dumps)
_unit_names = st.sampled_from(_UNITS).map(json.dumps)
_aggregates = st.sampled_from(["mean", "avg", "p50", "p99", "50", "25%", "value", "values", "sum", "total", "count"])


def _described(above: list[str], unit: str, numbers: list[tuple[str, str]], named: str, *, has_unit: bool) -> Any:
    beside = (("unit", unit),) if has_unit else ()
    value: Any = (*((("metric", named),) if named else ()), *beside, *numbers)
    for key in above:
        value = ((key, value),)
    return value


_shapes = st.builds(
    _described,
    st.lists(st.sampled_from(_KEYS_ABOVE.split()), max_size=3),
    _unit_names,
    st.lists(st.tuples(_aggregates, st.one_of(_leaves, st.lists(_leaves, max_size=3))), max_size=4),
    st.one_of(st.just(""), _metric_names),
    has_unit=st.booleans(),
)
_values = st.recursive(
    st.one_of(_leaves, _pairs, _tables, _shapes),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(st.tuples(names, inner), min_size=1, max_size=4).map(tuple)
    ),
    max_leaves=12,
)


def _json(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    return "{" + ", ".join(f"{json.dumps(key)}: {_json(item)}" for key, item in value) + "}"


def _deep(value: Any, depth: int) -> str:
    return '[{"a": ' * depth + _json(value) + "}]" * depth


_logs = st.lists(st.sampled_from(["", "loading", "[info] 5", "x: {", "[1/3] go", "{}"]), max_size=2).map("\n".join)
json_files = _files(
    st.one_of(
        st.builds(_deep, _values, st.sampled_from([0, 0, 0, 1, 30, 49, 51, 120])),
        st.lists(st.one_of(_values.map(_json), _logs), max_size=4).map("\n".join),
    )
)
jsonl_files = _files(st.lists(_values.map(_json), max_size=5).map("\n".join))


def _table(head: list[str], rows: list[list[str]], edge: str, *, rule: bool) -> str:
    lines = [head, *([["---"] * len(head)] if rule else []), *rows]
    return "\n".join(f"{edge}{' | '.join(row)}{edge}" for row in lines)


_marked = st.builds(
    str.__mod__,
    st.sampled_from(["%s", "%s", "**%s**", "`%s`", "%s ± 1.5", "%s (±2)", "%s +/- 3 ms", "%s (warm)"]),
    cells,
)


def _grid(head: list[str], rows: list[list[str]], rule: str) -> str:
    lines = [rule.join("-" * len(head)).join("++")]
    for row in (head, *rows):
        lines += [f"| {' | '.join(row)} |", lines[0]]
    return "\n".join(lines)


_grids = st.builds(
    _grid,
    st.lists(names, min_size=1, max_size=3),
    st.lists(st.lists(_marked, min_size=1, max_size=3), max_size=3),
    st.sampled_from(["+", "+", "|", "="]),
)
_blocks = st.one_of(
    st.builds(
        _table,
        st.lists(names, min_size=1, max_size=5),
        st.lists(st.lists(_marked, max_size=6), max_size=4),
        st.sampled_from(["|", "| ", ""]),
        rule=st.sampled_from([True, True, True, False]),
    ),
    st.builds("- {}: {}".format, names, _marked),
    st.builds("{} = {}".format, names, _marked),
    st.builds("2. {}: {}".format, names, _marked),
    _grids,
    st.builds("```\n{}\n```".format, _grids),
    st.builds("## {}".format, st.sampled_from(["lynx:7b", "Model: lynx", "a and b", "gemma3"])),
    st.builds("  * **{}:** {} | x".format, names, _marked),
    st.sampled_from(
        ["---", "```", "~~~", "````", "```x```", "    ```", "|---|---|", "", "# Title", "\f", "\x85", "--|--"]
    ),
    _any_text,
    st.builds("{}: {}".format, names, cells),
)
markdown_files = _files(
    st.lists(_blocks, max_size=8).flatmap(
        lambda blocks: st.sampled_from(["\n", "\r\n"]).map(lambda end: end.join(blocks))
    )
)


def real_files(*roots: Path, longest: int = 1_000) -> list[tuple[str, bytes]]:
    """Suffix and content of real files; of a long one the beginning, up to the end of a line."""
    files: list[tuple[str, bytes]] = []
    for root in roots:
        for path in sorted(root.rglob("*")) if root.is_dir() else []:
            if path.suffix in (".csv", ".json", ".md"):
                raw = path.read_bytes()
                if len(raw) > longest and path.suffix != ".json":
                    raw = raw[: raw.rfind(b"\n", 0, longest) + 1]
                if 0 < len(raw) <= 2 * longest:
                    files.append((path.suffix, raw))
    return files


def mutations(files: list[tuple[str, bytes]], count: int, seed: int) -> Iterator[tuple[str, str, bytes]]:
    """What was done to a file, its suffix and what became of it."""
    chance = random.Random(seed)
    for _ in range(count):
        suffix, raw = chance.choice(files)
        kind = chance.choice(tuple(_MUTATIONS))
        raw = _MUTATIONS[kind](chance, raw, chance.choice(files)[1])
        if suffix == ".json" and chance.random() < 0.1:
            suffix = ".jsonl"
        yield kind, suffix, raw


def _place(chance: random.Random, raw: bytes) -> int:
    return chance.randrange(len(raw) + 1)


def _flip(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    damaged = bytearray(raw)
    for _ in range(chance.choice((1, 1, 3, 10))):
        damaged[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _cut_out(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    start = _place(chance, raw)
    return raw[:start] + raw[start + chance.choice((1, 2, 5, 50, 500)) :]


def _repeat(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    start = _place(chance, raw)
    piece = raw[start : start + chance.choice((1, 2, 5, 50, 500))]
    return raw[:start] + piece * chance.choice((2, 3)) + raw[start:]


def _splice(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    return raw[: _place(chance, raw)] + other[_place(chance, other) :]


def _truncate(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    return raw[: _place(chance, raw)]


def _insert(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    at = _place(chance, raw)
    pieces = (
        b"\0",
        b"\0\0",
        b'"',
        b"\r",
        b"\n",
        b"\\",
        b"|",
        b",",
        b"\xff",
        b"\x85",
        b"{",
        b"]",
        b"1e400",
        b"```\n",
        b"--",
    )
    return raw[:at] + chance.choice(pieces) + raw[at:]


def _encode(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    text = raw.decode("utf-8", "replace")
    encoding = chance.choice(("utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-8-sig", "cp1252", "utf-32"))
    return text.encode(encoding, "replace")[: None if chance.random() < 0.7 else -1]


def _mark(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    marks = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\xc3\xbf\xc3\xbe")
    return chance.choice(marks) + raw


_MUTATIONS = {
    "flip": _flip,
    "cut out": _cut_out,
    "repeat": _repeat,
    "splice": _splice,
    "truncate": _truncate,
    "insert": _insert,
    "encode": _encode,
    "mark": _mark,
}
