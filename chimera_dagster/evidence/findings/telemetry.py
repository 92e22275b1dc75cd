"""What the files don't measure of the GPU."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.finding import Figures, Finding, listed, sources_of
from chimera_dagster.evidence.findings.finding_context import TIMED, FindingContext

_TELEMETRY = {
    "gpu_util_pct": "GPU utilisation",
    "gpu_mem_used_mib": "GPU memory",
    "power_w": "power",
    "energy_j": "energy",
}


def missing_telemetry(data: FindingContext) -> Iterator[Finding]:
    """One finding that names the telemetry that no model run, or only part of them, has in its file."""
    raw = data.raw
    timed = raw[(raw["metric"].isin(TIMED) & raw["model"].notna()).to_numpy()]
    runs = timed.drop_duplicates(["file", "record"])
    if runs.empty:
        return
    having: dict[str, int] = {}
    for metric, words in _TELEMETRY.items():
        files = data.table.loc[(data.table["metric"] == metric).to_numpy(), "file"].unique()
        having[words] = int(runs["file"].isin(files).sum())
    having["the GPU's name"] = int(runs["gpu"].notna().sum())
    figures, total = Figures(), len(runs)
    absent = [words for words, count in having.items() if count == 0]
    partial = {words: count for words, count in having.items() if 0 < count < total}
    shown_runs = figures.count("runs", total, "model run")
    parts: list[str] = []
    if absent:
        parts.append(f"None of {shown_runs} has {listed(absent).replace(' and ', ' or ')} beside it.")
    for place, (words, count) in enumerate(partial.items()):
        parts.append(f"Only {figures.say(f'having_{place}', count)} of {shown_runs} have {words} beside them.")
    if not parts:
        return
    if {"GPU utilisation", "power"} <= set(absent):
        parts.append("Whether the GPU was throttled, shared or idle during a run can't be told.")
    text = " ".join(parts)
    yield Finding("missing_telemetry", "notice", "telemetry", text, figures, total, sources_of(runs), importance=5.0)
