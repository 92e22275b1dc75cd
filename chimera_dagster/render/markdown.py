"""report.md: every section of a Chimera report; figures from metrics.json and the facts, words from the model."""

import os
import re
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from chimera_dagster.measure.telemetry_summary import TelemetrySummary
from chimera_dagster.measure.trial import Headline, Interval
from chimera_dagster.results import Metrics, Outcome
from chimera_dagster.sweep import TrialPlan
from chimera_dagster.write.analysis import split_lists
from chimera_dagster.write.facts import Fact
from chimera_dagster.write.grounding import WITHHELD, ground
from chimera_dagster.write.quality import CHECKS

_FINDINGS = 8  # computed ones above the model's own; the whole list is the Evidence table


def render_report(plan: TrialPlan, metrics: Metrics, outcome: Outcome, folder: Path) -> str:
    """The whole report as Markdown. `folder` is where it will lie: links to the evidence are relative to it."""
    words = partial(readable, facts=outcome.facts, model=plan.model)
    passed = CHECKS - len(metrics.text_quality.failed)
    return (
        _templates()
        .get_template("report.md.j2")
        .render(
            plan=plan,
            m=metrics,
            h=metrics.headline,
            outcome=outcome,
            agent=plan.spec.agent.name,
            text=words(outcome.report.text),
            lists=split_lists(words(outcome.analysis.text)),
            findings=outcome.facts[:_FINDINGS],
            metric_lines=metric_lines(metrics.headline),
            telemetry_lines=telemetry_lines(metrics.telemetry),
            passed=passed,
            checks=CHECKS,
            withheld_mark=WITHHELD,
            fenced=fenced,
            cell=cell,
            interval=_interval,
            source=partial(_source, reports=Path(outcome.summary.reports_dir), folder=folder),
        )
        .strip()
        + "\n"
    )


class _Line(NamedTuple):
    """One line of a report: its name, the field it shows, how the value is written, and a remark behind it."""

    name: str
    field: str
    pattern: str
    remark: str = ""


_METRIC_LINES = (
    _Line("Throughput", "throughput_tok_s", "{:.2f} tok/s"),
    _Line("TTFT", "ttft_ms", "{:.2f} ms", " (mean, n={calls} calls)"),
    _Line("Total Duration", "total_duration_ms", "{:.2f} ms"),
    _Line("Tokens Generated", "tokens_generated", "{:d}"),
    _Line("Prompt Eval", "prompt_eval_ms", "{:.2f} ms"),
    _Line("Eval Duration", "eval_ms", "{:.2f} ms"),
    _Line("Load Duration", "load_ms", "{:.2f} ms", " (the warm-up's included)"),
)
_GPU_LINES = (
    _Line("GPU utilisation", "gpu_util_mean_pct", "{:.0f} %", " (mean share of time in which a kernel ran)"),
    _Line("GPU memory", "gpu_memory_peak_mib", "{:.0f} MiB", " (peak)"),
    _Line("GPU power", "power_mean_w", "{:.1f} W", " (mean)"),
    _Line("GPU energy", "energy_j", "{:.1f} J", " (from the {energy_source})"),
    _Line("Energy per token", "joules_per_token", "{:.3f} J"),
)
_NO_GPU_LINES = (_Line("GPU", "gpu_util_mean_pct", ""),)
_HOST_LINES = (
    _Line("Host CPU", "host_cpu_mean_pct", "{:.0f} %", " (mean over all cores)"),
    _Line("Engine memory", "engine_rss_peak_mib", "{:.0f} MiB", " (peak resident)"),
)


def metric_lines(headline: Headline) -> list[tuple[str, str]]:
    """The seven lines of the Metrics section, each a name and its value with unit, or why there is none."""
    return _lines(headline, _METRIC_LINES)


def telemetry_lines(seen: TelemetrySummary) -> list[tuple[str, str]]:
    """GPU and host during the calls, each a name and its value with unit, or why there is none."""
    return _lines(seen, (*(_GPU_LINES if seen.gpus else _NO_GPU_LINES), *_HOST_LINES))


def _lines(of: Headline | TelemetrySummary, lines: Sequence[_Line]) -> list[tuple[str, str]]:
    values = dict(of)
    return [
        (
            line.name,
            f"not measured ({of.reasons[line.field]})"
            if values[line.field] is None
            else line.pattern.format(values[line.field]) + line.remark.format_map(values),
        )
        for line in lines
    ]


def tame(text: str) -> str:
    """Markdown of a model made harmless: no HTML, links, images or code fences; headings below the report's own."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("[", "\\[")
    text = re.sub(r"`{3,}|~{3,}", "", text)
    text = re.sub(r"^\s*(?:-{3,}|={3,}|\*{3,}|_{3,})\s*$", "", text, flags=re.MULTILINE)
    return re.sub(r"^\s{0,3}#{1,6}\s*", "#### ", text, flags=re.MULTILINE)


def without_links(markdown: str) -> str:
    """The page with the texts of its links alone, for a place where relative links lead nowhere."""
    return re.sub(r"\[([^\]\n]+)\]\([^)\n]+\)", r"\1", markdown)


def fenced(text: str) -> str:
    """A code block that its own content can't close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def cell(text: str) -> str:
    """Text from a file as one cell of a Markdown table, or as one line: no HTML, no link, no code."""
    return re.sub(r"([\\|`\[\]])", r"\\\1", re.sub(r"\s+", " ", text)).replace("<", "&lt;")


def readable(text: str, facts: list[Fact], model: str) -> str:
    """What a reader may see of a model's text: its figures put in by code or withheld, its Markdown made harmless."""
    return tame(ground(text, facts, model).text).strip()


def _source(fact: Fact, reports: Path, folder: Path) -> str:
    link = quote(os.path.relpath(reports / fact.file, folder).replace(os.sep, "/"))
    return f"[{cell(fact.file)}]({link}), {cell(fact.record)}"


def _interval(name: str, interval: Interval | None, unit: str) -> str:
    if interval is None:
        return f"- {name}: not measured"
    spread = "" if interval.std is None else f", standard deviation {interval.std:.2f}"
    bounds = (
        "no interval below n=3" if interval.low is None else f"95 % interval {interval.low:.2f} to {interval.high:.2f}"
    )
    return f"- {name}: {interval.mean:.2f} {unit} (n={interval.n}{spread}, {bounds})"


@cache
def _templates() -> Environment:
    # Markdown, not HTML: what comes from files or from a model passes through tame(), cell() or fenced() instead.
    return Environment(
        loader=PackageLoader("chimera_dagster.render"),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
    )
