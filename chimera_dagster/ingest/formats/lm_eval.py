"""lm-evaluation-harness: `results_*.json`, and the table that it prints. Samples are set aside.

Written after lm_eval 0.4.13; files of 0.3, whose scores have no filter in their names, are read too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from chimera_dagster.ingest.collector import Figure
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat, TableFormat
from chimera_dagster.ingest.formats.grid import Grid
from chimera_dagster.ingest.formats.page import time_of
from chimera_dagster.ingest.formats.scores import metric_of

_STDERR = "_stderr"
_MODEL_ARGUMENTS = ("peft", "delta", "pretrained", "model", "path", "engine")  # the harness's own order
_PRINTED_ARGUMENT = r"\b{}['\"]?\s*+[:=]\s*+['\"]?([^'\",)}}]++)"
_PRINTED_BACKEND = re.compile(r"(?P<backend>[\w-]++) \(.*\), gen_kwargs: ")
_PARAMETERS = ("temperature", "top_p", "top_k", "repetition_penalty")
_CLIENTS = ("local-", "openai-", "anthropic-")  # of servers that run any engine, or one that nobody knows


class _Score(NamedTuple):
    """A score of a task, by its key, and what its error's key is."""

    key: str
    name: str
    stderr: str


def _is_results(content: Mapping[str, Any]) -> bool:
    """Whether it holds scores of tasks; without the configuration beside them, their errors must name a filter."""
    results, config = content["results"], content.get("config")
    if not isinstance(results, dict):
        return False
    tasks = [
        cast("dict[str, Any]", task) for task in cast("dict[str, Any]", results).values() if isinstance(task, dict)
    ]
    if isinstance(config, dict) and "model" in config:
        return any(any(_scores(task)) for task in tasks)
    return any(f"{_STDERR}," in key for task in tasks for key in task)


def _scores(task: Mapping[str, Any]) -> Iterator[_Score]:
    for key in task:
        name, comma, of_filter = key.partition(",")
        stderr = f"{name}{_STDERR}{comma}{of_filter}"
        if not name.endswith(_STDERR) and (comma or stderr in task):
            yield _Score(key, name if of_filter in ("", "none") else key, stderr)


def _read(document: Document) -> None:
    arguments = _arguments(document)
    backend = document.text("model_source") or document.text("config", "model")
    context = document.describe(
        model=document.text("model_name") or next(filter(None, map(arguments.get, _MODEL_ARGUMENTS)), None),
        backend=None if backend is None or backend.startswith(_CLIENTS) else backend,
        timestamp=time_of(document.number("date")),
        labels={
            "seed": document.number("config", "random_seed"),
            "limit": document.number("config", "limit"),
            "batch_size": document.number("config", "batch_size"),
        },
        conditions={
            "dtype": arguments.get("dtype") or document.text("config", "model_dtype"),
            "tensor_parallel": arguments.get("tensor_parallel_size"),
        },
    )
    document.record([document.figure("benchmark_ms", "total_evaluation_time_seconds", unit="s")], context)
    for task in document.each("results"):
        name, setup = task.key, document.at("configs", task.key)
        number = setup.at("generation_kwargs").number
        of_task = document.describe(
            context,
            conditions={
                "task": name,
                "n_shot": _first(document.number("n-shot", name), setup.number("num_fewshot")),
                "output_tokens": number("max_gen_toks"),
            },
            parameters={parameter: number(parameter) for parameter in _PARAMETERS},
            labels={"task_version": document.number("versions", name)},
        )
        size = _first(task.number("sample_len"), document.number("n-samples", name, "effective"))
        for score in _scores(task.content):
            if task.number(score.key) is None:
                continue
            plain = score.name.partition(",")[0]
            metric = metric_of(plain, document.get("higher_is_better", name, plain))
            n = _first(task.number("sample_count", score.key), size)
            figures = [
                task.figure(metric, score.key, aggregate="mean"),
                task.figure(metric, score.stderr, aggregate="stderr"),
            ]
            task.record(figures, document.describe(of_task, conditions={"score_name": score.name}, n=n))
    _repeated(document)


def _repeated(document: Document) -> None:
    """Groups of tasks stand among the results, and once more under `groups`."""
    for group in document.each("groups"):
        for key, value in group.content.items():
            if value == document.get("results", group.key, key):
                group.number(key)
        counts = group.at("sample_count")
        for key in counts.content:
            counts.number(key)


def _arguments(document: Document) -> dict[str, str]:
    """What the model was given, which is an object or a text such as `pretrained=acme/alpha-7b,dtype=float16`."""
    given = document.get("config", "model_args")
    if isinstance(given, dict):
        names = [name for name, value in cast("dict[str, Any]", given).items() if not isinstance(value, bool)]
        return {name: text for name in names if (text := document.text("config", "model_args", name))}
    pairs = [part.partition("=") for part in given.split(",")] if isinstance(given, str) else []
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}


def _first(*numbers: float | None) -> float | None:
    return next((number for number in numbers if number is not None), None)


def _read_table(grid: Grid) -> None:
    """The task, its version and its filter stand only in the first of a task's rows."""
    printed = next((line for line in reversed(getattr(grid, "above", ())) if ", gen_kwargs: (" in line), "")
    backend = _PRINTED_BACKEND.match(printed)
    found = (re.search(_PRINTED_ARGUMENT.format(name), printed) for name in _MODEL_ARGUMENTS)
    context = grid.describe(
        model=next((match[1] for match in found if match), None),
        backend=None if backend is None or backend["backend"].startswith(_CLIENTS) else backend["backend"],
    )
    task = version = None
    for row in grid:
        if named := row.text(0):
            task, version = named.removeprefix("- "), row.number("version")
        name, of_filter = row.text("metric"), row.text("filter")
        if name is None:
            continue
        arrow, place = row.cell(grid.places["value"] - 1) or "", grid.places["value"]
        metric = metric_of(name, {"↑": True, "↓": False}.get(arrow.strip()))
        figures: list[Figure | None] = [
            row.figure(metric, place, aggregate="mean"),
            row.figure(metric, "stderr", aggregate="stderr"),
        ]
        conditions = {
            "task": task,
            "n_shot": row.number("n-shot"),
            "score_name": name if of_filter in (None, "none") else f"{name},{of_filter}",
        }
        row.record(figures, grid.describe(context, conditions=conditions, labels={"task_version": version}))


def _leave_out(document: Document) -> None:
    document.leave_out()
    document.collector.leave_out("set_aside", "answers to single questions; their scores are in results_*.json")


RESULTS = DocumentFormat("lm-evaluation-harness", frozenset({"results"}), _read, _is_results)
TABLE = TableFormat(
    "lm-evaluation-harness", frozenset({"version", "metric", "value", "stderr"}), _read_table,
    lambda header: header[0] in ("Tasks", "Groups", "Task"),
)  # fmt: skip
SAMPLES = DocumentFormat("lm-evaluation-harness", frozenset({"doc_id", "doc", "resps", "filtered_resps"}), _leave_out)
