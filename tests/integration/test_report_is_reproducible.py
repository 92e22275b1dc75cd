"""The same record is the same bytes; the same trial again is the same report but for what a clock measured.

The stub gives the same text for the same seed; that the real engines do is a matter of tests/contract.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from chimera_dagster.engines.registry import Engines
from chimera_dagster.records.store import TrialFolder
from tests.conftest import ROOT, Project
from tests.desk import Desk, desk_in

SPEC: dict[str, Any] = {"max_tokens": 400, "repeats": 2, "grid": {"num_ctx": [4096]}}

_IS = r"(?:: | \| |</th><td>|:\*\* |:</strong> )"  # between a name and its value, in both formats
_VALUE = r"\d[\d.,]*"
# All of a report that may differ between two runs of one trial, each with what of it stays.
MAY_DIFFER = {
    "the day": (rf"(Date{_IS})\d{{4}}-\d\d-\d\d", r"\1"),
    "times and rates": (
        rf"((?:Throughput|TTFT|Total Duration|Prompt Eval|Eval Duration|Load Duration){_IS}){_VALUE}( tok/s| ms)",
        r"\1\2",
    ),
    "their spread over repeats": (rf"(\(n=\d+, )standard deviation {_VALUE}(, no interval below n=3\))", r"\1\2"),
    "seconds of the stages": (
        rf"(Execution time: ){_VALUE}s \(ingest {_VALUE}s (\||&#124;) analysis {_VALUE}s \2 report {_VALUE}s\)",
        r"\1",
    ),
    "load of the host": (rf"((?:Host CPU|Engine memory): ){_VALUE} (%|MiB)", r"\1\2"),
    "verdicts on the measurement": (r"(Validity:(?:\*\*|</strong>) )[a-z_, ]+", r"\1"),
    "their evidence": (r"(Validity of this measurement:).*?(?=Each sample is in )", r"\1"),
    "their warning": (r"(> \*\*Warning\*\*\n(?:>[^\n]*\n)*\n)|(<div class=\"note warning\".*?</div>\n)", ""),
    "figures of what was measured": (
        r"\*\*Chart: (Chunks received over time|Time between chunks|The host during the trial)\."
        r".*?(?=\n\n(?:\*\*|#|Validity ))"
        r"|<figure>\n<figcaption><strong>(Chunks received over time|Time between chunks|The host during the trial)<"
        r".*?</figure>",
        r"\1\2",
    ),
    "times of each call": (
        rf"(\| (?:analysis|report) \d+ \|)(?: {_VALUE} \|| – \|){{5}}( \d+ \|) {_VALUE}( \| \w+ \|)"
        rf"|(>(?:analysis|report) \d+</th>)(?:<td class=\"n\">(?:{_VALUE}|–)</td>){{5}}(<td class=\"n\">\d+</td>)"
        rf"<td class=\"n\">{_VALUE}</td>",
        r"\1\2\3\4\5",
    ),
}
# The same of the documents behind it, by the path of each value.
DOCUMENTS_MAY_DIFFER = re.compile(
    r"summary\.(ingest_s|ingested_at)|warm_up_load_ms|calls\.\d+\.(sent_ms|nonce|ledger\.\d+\.at_ms|stats\.\w+_ms)"
    r"|created_at|documents\..*|seconds\.\w+|headline\.\w+_(ms|tok_s)|headline\.\w+_by_repeat\.(mean|std)|validity\..*"
    r"|calls\.\d+\.\w+_(ms|tok_s)|telemetry(_by_call\.\d+)?\..*"
)


def without_measured(report: str) -> str:
    for pattern, stays in MAY_DIFFER.values():
        report = re.sub(pattern, stays, report, flags=re.S)
    return report


def leaves(value: Any, path: str = "") -> Generator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(each, f"{path}.{name}".lstrip("."))
    else:
        yield path, value


@pytest.fixture(scope="module")
def desks(shared_project: Project) -> Generator[list[Desk]]:
    """Two beside each other, each with what it read of the same files itself."""
    reports, data = shared_project.reports, shared_project.path
    with desk_in(data / "first", reports) as first, desk_in(data / "second", reports) as second:
        first.stub.seconds_between = second.stub.seconds_between = 0.005  # long enough for a few samples of telemetry
        yield [first, second._replace(engines=Engines(first.stub.url))]


@pytest.fixture(scope="module")
def runs(desks: list[Desk]) -> list[TrialFolder]:
    """The same trial twice."""
    for desk in desks:
        desk.run(**SPEC)
    return [desk.render(**SPEC) for desk in desks]


def test_the_same_trial_again_is_the_same_report_but_for_what_was_measured(runs: list[TrialFolder]) -> None:
    for name in ("report.md", "report.html"):
        once, again = ((folder.path / name).read_text() for folder in runs)
        assert once != again  # or nothing was measured
        assert without_measured(once).splitlines() == without_measured(again).splitlines()


def test_what_was_measured_is_little_of_a_report(runs: list[TrialFolder]) -> None:
    """Each pattern finds its place in both formats, and leaves what stands around it."""
    for name in ("report.md", "report.html"):
        report = (runs[0].path / name).read_text()
        for what, (pattern, _) in MAY_DIFFER.items():
            found = re.search(pattern, report, re.S)
            assert found or what in ("their warning", "their spread over repeats"), what
        left = without_measured(report)
        for words in (
            "Tokens Generated",
            "## Evidence",
            "Facts, computed from the files",
            "Throughput by configuration",
        ):
            assert words.removeprefix("## " if name == "report.html" else "") in left
        headings = r"^#+ .*" if name == "report.md" else r"<h\d.*?</h\d>"
        assert re.findall(headings, left, re.M) == re.findall(headings, report, re.M)


def test_the_documents_differ_in_nothing_else(runs: list[TrialFolder]) -> None:
    for name in ("outcome.json", "metrics.json"):
        once, again = (dict(leaves(json.loads((folder.path / name).read_text()))) for folder in runs)
        paths = {path for path in once.keys() | again.keys() if once.get(path) != again.get(path)}
        assert [path for path in sorted(paths) if not DOCUMENTS_MAY_DIFFER.fullmatch(path)] == []


def test_a_record_is_rendered_to_the_same_bytes_in_any_process(
    runs: list[TrialFolder], desks: list[Desk], tmp_path: Path
) -> None:
    desk, folder = desks[0], runs[0]
    once = (folder.report.read_bytes(), folder.page.read_bytes())
    desk.render(**SPEC)
    assert (folder.report.read_bytes(), folder.page.read_bytes()) == once
    plan = tmp_path / "plan.json"
    plan.write_text(desk.plan(**SPEC).spec.model_dump_json())
    script = (
        "import pathlib, sys; from chimera_dagster.steps.report import render_trial;"
        "from chimera_dagster.records.store import Store; from chimera_dagster.spec.sweep import SweepSpec;"
        "spec = SweepSpec.model_validate_json(pathlib.Path(sys.argv[1]).read_text());"
        "render_trial(Store(pathlib.Path(sys.argv[2])), spec.plans()[0])"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, str(plan), str(desk.store.runs.parent)]
    subprocess.run(command, env=environment, cwd=tmp_path, check=True, timeout=120)
    assert (folder.report.read_bytes(), folder.page.read_bytes()) == once
