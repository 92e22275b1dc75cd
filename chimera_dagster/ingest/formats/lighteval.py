"""lighteval: `results_*.json`. Written after its documentation of version 0.11; older files have the same scores."""

from collections.abc import Mapping
from typing import Any, cast

from chimera_dagster.ingest.cells import number_in
from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.format import DocumentFormat
from chimera_dagster.ingest.formats.scores import metric_of

_STDERR = "_stderr"


def _is_results(content: Mapping[str, Any]) -> bool:
    return isinstance(content["results"], dict) and isinstance(content["config_general"], dict)


def _read(document: Document) -> None:
    general = document.at("config_general")
    context = document.describe(
        model=general.text("model_name") or general.text("model_config", "model_name"),
        conditions={"dtype": general.text("model_dtype") or general.text("model_config", "dtype")},
        labels={"limit": general.number("max_samples")},
    )
    for task in document.each("results"):
        if task.key == "all" or ":_average" in task.key:  # means over tasks, each of which is read
            continue
        name, _, last = task.key.rpartition("|")
        shots = number_in(last)
        setup = next((found for key in (task.key, name) if (found := document.at("config_tasks", key)).content), None)
        of_task = document.describe(
            context,
            conditions={"task": task.key if shots is None else name, "n_shot": shots},
            labels={"task_version": document.number("versions", task.key)},
            n=setup and setup.number("effective_num_docs"),
        )
        for key in cast("dict[str, Any]", task.content):
            if not key.endswith(_STDERR):
                figures = [
                    task.figure(metric := metric_of(key, None), key, aggregate="mean"),
                    task.figure(metric, f"{key}{_STDERR}", aggregate="stderr"),
                ]
                task.record(figures, document.describe(of_task, conditions={"score_name": key}))


RESULTS = DocumentFormat("lighteval", frozenset({"config_general", "results"}), _read, _is_results)
