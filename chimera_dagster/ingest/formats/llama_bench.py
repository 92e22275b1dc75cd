"""llama.cpp's llama-bench: Markdown, CSV, JSON, JSON Lines and SQL.

Written after tools/llama-bench/llama-bench.cpp of build b11393; older builds write fewer columns. A test processes a
prompt (`pp512`), generates (`tg128`), or does both in turn (`pp512+tg128`): neither a prefill nor a decode rate.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from chimera_dagster.ingest.cells import number_in, spread_in
from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.context import Context, condition_of
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, NotThisFormatError, TableFormat, TextFormat
from chimera_dagster.ingest.formats.grid import Grid, Row
from chimera_dagster.ingest.formats.lines import Lines
from chimera_dagster.ingest.formats.page import Page

_NAME = "llama-bench"
_Value = float | str | None
_Get = Callable[[str], _Value]  # a field of a test by its name in JSON

_INSERT = "INSERT INTO llama_bench ("
_MODEL = {"model_filename", "model_type"}
# Names of the fields in the Markdown table, and what its units stand for
_COLUMNS = {
    "model_type": "model",
    "model_size": "size",
    "model_n_params": "params",
    "backends": "backend",
    "n_gpu_layers": "ngl",
    "split_mode": "sm",
    "n_threads": "threads",
    "no_kv_offload": "nkvo",
    "flash_attn": "fa",
    "load_mode": "lm",
    "use_mmap": "mmap",
    "embeddings": "embd",
    "no_op_offload": "nopo",
    "no_host": "noh",
    "devices": "dev",
    "tensor_split": "ts",
    "tensor_buft_overrides": "ot",
    "fit_target": "fitt",
    "fit_min_ctx": "fitc",
}
_USUAL_REPEATS = 5
_PRECISE = 100  # times the mean: then the standard deviation is at most some 1 % off
_FACTORS = {"MiB": 2**20, "GiB": 2**30, "M": 1e6, "B": 1e9}
# Fields that only matter if they are not what the tool sets by itself
_DEFAULTS: dict[str, _Value] = {
    **{"cpu_mask": "0x0", "poll": 50, "split_mode": "layer", "devices": "auto", "tensor_buft_overrides": "none"},
    **{"load_mode": "auto", "lazy_mode": "auto", "use_mmap": 1, "repack": 1, "tensor_split": 0},
    **dict.fromkeys(("cpu_strict", "n_cpu_moe", "main_gpu", "no_kv_offload", "use_direct_io", "embeddings"), 0),
    **dict.fromkeys(("no_op_offload", "no_host", "fit_target", "fit_min_ctx"), 0),
}
_KNOWN = {  # columns of the Markdown table
    *("test", "t/s", "n_batch", "n_ubatch", "type_k", "type_v"),
    *_COLUMNS.values(),
    *_DEFAULTS,
}
_TEST = re.compile(r"(?:pp ?(?P<prompt>\d++))?+\+?+(?:tg ?(?P<generated>\d++))?+(?: ?@ ?d(?P<depth>\d++))?+")
_BUILD = re.compile(r"build: (?P<commit>\w++) \((?P<number>\d++)\)")
_GPU = re.compile(
    r"\s*+Device \d++: (?P<cuda>[^,]++), compute capability|ggml_vulkan: \d++ = (?P<vulkan>[^|(]++)"
    r"|ggml_metal_\w++: GPU name:\s++(?P<metal>.++)"
)
_QUANTIZATION = re.compile(r"\b(?P<type>(?:IQ|TQ|Q)\d\w*+|BF16|F16|F32|MXFP4|NVFP4)\b(?: - (?P<size>[SML])[a-z]++)?")
_SHARD = re.compile(r"(?:-\d{5}-of-\d{5})?\.gguf$", re.IGNORECASE)


class _Test(NamedTuple):
    """Tokens of the prompt, tokens to generate, and tokens that are in the context before."""

    prompt: int
    generated: int
    depth: int

    @property
    def rate(self) -> str:
        return self._metric("prefill_tok_s", "decode_tok_s", "total_tok_s")

    @property
    def time(self) -> str:
        return self._metric("prompt_eval_ms", "eval_ms", "total_ms")

    def _metric(self, prompt: str, generated: str, both: str) -> str:
        if self.prompt and self.generated:
            return both
        return prompt if self.prompt else generated


def _test(get: _Get) -> _Test | None:
    prompt, generated, depth = (int(_number(get(name)) or 0) for name in ("n_prompt", "n_gen", "n_depth"))
    return _Test(prompt, generated, depth) if prompt or generated else None


def _describe(page: Page, get: _Get, test: _Test, n: int | None = None, others: Iterable[str] = ()) -> Context:
    """`others` are names of fields that this reader does not know: settings, as far as it can tell."""
    kind, gpu = _text(get("model_type")), _text(get("gpu_info"))
    file = _text(get("model_filename"))
    flash, device = get("flash_attn"), get("backends")
    return page.describe(
        model=_SHARD.sub("", re.split(r"[/\\]", file)[-1]) if file else kind,
        # a table without this column may be that of another tool's author
        backend="llama.cpp" if file or device else None,
        gpu=gpu,
        timestamp=_text(get("test_time")),
        parameters={"num_gpu": _number(get("n_gpu_layers"))},
        conditions={
            "prompt_tokens": test.prompt or None,
            "output_tokens": test.generated or None,
            "context_depth": test.depth,
            "batch_size": get("n_batch"),
            "micro_batch_size": get("n_ubatch"),
            "threads": get("n_threads"),
            "kv_cache_type": "/".join(dict.fromkeys(_texts(get("type_k"), get("type_v")))),
            "flash_attention": "auto" if flash == -1 else flash,
            "quantization": _quantization(kind or ""),
            "device": device,
            "cpu": None if gpu else get("cpu_info"),
            "engine_version": _version(get("build_commit"), get("build_number")),
            "settings": ", ".join(_settings(get, others)),
        },
        labels={
            "model_size_mib": _in(2**20, get("model_size")),
            "model_params_m": _in(1e6, get("model_n_params")),
        },
        n=n,
    )


def _number(value: _Value) -> float | None:
    return None if isinstance(value, str) else value


def _text(value: _Value) -> str | None:
    return value if isinstance(value, str) else None


def _texts(*values: _Value) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _in(unit: float, value: _Value) -> float | None:
    """With the digits of the Markdown table."""
    return None if value is None or isinstance(value, str) else round(value / unit, 2)


def _version(commit: _Value, number: _Value) -> str | None:
    """llama.cpp names its versions by the number of the build: b5000."""
    if isinstance(number, int | float) and number > 0:
        return f"b{number:.0f}"
    return None if commit == "unknown" else _text(commit)


def _quantization(kind: str) -> str | None:
    """As file names spell it: Q4_K_M of `llama 7B Q4_K - Medium`."""
    found = _QUANTIZATION.search(kind)
    if found is None or (found["type"] == "Q2_K" and found["size"] == "M"):
        return found and "Q2_K"
    return f"{found['type']}_{found['size']}" if found["size"] else found["type"]


def _settings(get: _Get, others: Iterable[str]) -> Iterator[str]:
    for name in (*_DEFAULTS, *others):
        value = get(name)
        if value is not None and value != _DEFAULTS.get(name):
            yield f"{name}={value}"


def _read_object(document: Document) -> None:
    def get(name: str) -> _Value:
        value = document.get(name)
        document.setting(name)  # so that it counts as read
        return int(value) if isinstance(value, bool) else condition_of(value)

    test = _test(get)
    if test is None:
        raise NotThisFormatError("it has neither n_prompt nor n_gen")
    samples = document.get("samples_ts")
    count = len(cast("list[Any]", samples)) if isinstance(samples, list) else 0
    context = _describe(document, get, test, n=count or None)
    document.record(_sums(document.figure, test), context)
    for place in range(count):
        rate = document.cell(test.rate, "samples_ts", place)
        document.record([rate, document.cell(test.time, "samples_ns", place, unit="ns")], context, f"*/{place}")


def _read_csv(grid: Grid) -> None:
    for row in grid:
        if test := _test(row.setting):
            row.record(_sums(row.figure, test), _describe(grid, row.setting, test))
        else:
            grid.problem(f"{row.where}: n_prompt and n_gen are not those of a test")


def _sums(figure: Callable[..., Figure | None], test: _Test) -> list[Figure | None]:
    time = figure(test.time, "avg_ns", unit="ns", aggregate="mean")
    spread = figure(test.time, "stddev_ns", unit="ns", aggregate="std")
    return [
        figure(test.rate, "avg_ts", aggregate="mean"),
        figure(test.rate, "stddev_ts", aggregate="std"),
        time,
        spread if time and spread and _is_exact(time.value, spread.value) else None,
    ]


def _is_exact(mean: float, std: float) -> bool:
    """Whether a standard deviation is right: the tool takes it from sums of squares in whole ns, of 64 bits.

    They overflow from some seconds on, and the mean is cut to whole ns, which adds up to twice of it to the variance.
    """
    return _USUAL_REPEATS * mean**2 < 2**64 and std**2 > _PRECISE * mean


def _read_sql(text: Lines) -> None:
    """One `INSERT` a line; the tool does not escape the quotes in a value."""
    for place, line in enumerate(text.lines):
        if not line.startswith(_INSERT):
            continue
        columns, _, values = line.removeprefix(_INSERT).partition(") VALUES ('")
        names, cells = columns.split(", "), values.removesuffix("');").split("', '")
        fields = dict(zip(names, cells, strict=False))
        test = _test(_fields_of(fields)) if len(names) == len(cells) and values.endswith("');") else None
        if test is None:
            text.problem(f"line {text.first + place} is cut off, or is not the row of a test")
            continue
        figures = _sums(_figures_of(text, fields), test)
        text.record(place, place + 1, figures, _describe(text, _fields_of(fields), test))


def _fields_of(fields: Mapping[str, str]) -> _Get:
    return lambda name: condition_of(fields.get(name, ""), number_in)


def _figures_of(text: Lines, fields: Mapping[str, str]) -> Callable[..., Figure | None]:
    def figure(metric: str, name: str, unit: str | None = None, aggregate: str | None = None) -> Figure | None:
        return text.figure(metric, fields.get(name, ""), name, unit, aggregate)

    return figure


def _read_markdown(grid: Grid) -> None:
    around, others, known = _around(grid), [name for name in grid.places if name not in _KNOWN], 0
    for row in grid:
        test, rate = _test_in(row.text("test") or ""), spread_in(row.text("t/s") or "")
        if test is None or rate is None:
            grid.problem(f"{row.where}: {row.text('test')!r} and {row.text('t/s')!r} are not a test and its rate")
            continue
        known += 1
        figures = [row.figure(test.rate, "t/s", aggregate="mean", value=rate.mean)]
        if rate.std is not None:
            figures.append(row.figure(test.rate, "t/s", aggregate="std", value=rate.std))
        row.record(figures, _describe(grid, _cells_of(row, around), test, others=others))
    if not known:
        raise NotThisFormatError("no row of the table has a test such as pp512 or tg128")


def _test_in(text: str) -> _Test | None:
    """`pp512+tg128 @ d1024`."""
    found = _TEST.fullmatch(text)
    if not found or not (found["prompt"] or found["generated"]):
        return None
    prompt, generated, depth = (int(found[name] or 0) for name in ("prompt", "generated", "depth"))
    return _Test(prompt, generated, depth)


def _around(grid: Grid) -> dict[str, _Value]:
    """What the lines around a table say: the build below it, and above it the GPUs that llama.cpp found."""
    build = next((found for line in grid.below if (found := _BUILD.match(line))), None)
    gpus = [found for line in grid.above if (found := _GPU.search(line))]
    names = [(found["cuda"] or found["vulkan"] or found["metal"]).strip() for found in gpus]
    said: dict[str, _Value] = {"gpu_info": ", ".join(names) or None}
    if build:
        said |= {"build_commit": build["commit"], "build_number": int(build["number"])}
    return said


def _cells_of(row: Row, around: Mapping[str, _Value]) -> _Get:
    """The cells of a row of the Markdown table by the names that they have in JSON."""

    def get(name: str) -> _Value:
        if name in around:
            return around[name]
        column = _COLUMNS.get(name, name)
        if (factor := _FACTORS.get((row.cell(column) or "").rpartition(" ")[2])) is None:
            return row.setting(column)
        number = row.number(column)  # 4.07 GiB, 7.24 B
        return None if number is None else number * factor

    return get


OBJECT = DocumentFormat(
    _NAME,
    frozenset({"avg_ts", "stddev_ts"}),
    _read_object,
    lambda content: bool(content.keys() & _MODEL and content.keys() & {"n_prompt", "n_gen"}),
)
CSV = TableFormat(_NAME, frozenset({"avg_ts", "stddev_ts", "n_prompt", "n_gen"}), _read_csv)
MARKDOWN = TableFormat(
    _NAME,
    frozenset({"test", "t/s"}),
    _read_markdown,
    lambda header: not any("ttf" in title.lower() for title in header),
)
SQL = TextFormat(_NAME, re.compile(r"(?m)^INSERT INTO llama_bench \("), _read_sql, within="INSERT INTO llama_bench (")
