"""The comparison of all trials of a data folder: computed from their files, and stored."""

import math
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from chimera_dagster.compare.comparison import SCHEMA_VERSION, Comparison, compare
from chimera_dagster.compare.metrics import METRICS, Excerpt, values_of
from chimera_dagster.compare.observed import AccuracyInterval, Observed, Setting
from chimera_dagster.errors import DamagedFileError, InputError, first_problem
from chimera_dagster.files.opening import read_bytes
from chimera_dagster.records.store import Store, TrialFolder, write_text
from chimera_dagster.records.trial_files import failures_in, read_whole
from chimera_dagster.schemas import Effects, Standings, Trials, as_table
from chimera_dagster.spec.goals import Goals
from chimera_dagster.spec.sweep import load_spec
from chimera_dagster.spec.trial import Trial
from chimera_dagster.text.foreign import csv_cell, shown

_BASELINE = "Give a file that 'chimera compare --save FILE' wrote, or a commit that holds one."
_OF_A_LANE = ("CUDA_VISIBLE_DEVICES", "OLLAMA_HOST", "CHIMERA_")  # differ between lanes, which is not another setting


def read_comparison(store: Store, goals: Goals) -> Comparison:
    """Compare all trials that the store knows, including those that never ran, or failed.

    A trial whose trial.json is damaged is left out.
    """
    settings: dict[str, Setting] = {}
    trials = [_observed(trial, folder, settings) for folder, trial in store.trials_by_folder().items()]
    return compare(trials, goals, datetime.now(UTC), settings)


def write_comparison(store: Store, comparison: Comparison) -> None:
    """Write comparison.json and .csv beside the reports, and the tables `trials`, `standings` and `effects`."""
    trials, standings = trial_table(comparison), standings_table(comparison)
    write_text(store.comparison, comparison.model_dump_json(indent=1) + "\n")
    write_text(store.comparison.with_suffix(".csv"), csv_of(comparison))
    store.write_table("trials", trials, Trials)
    store.write_table("standings", standings, Standings)
    store.write_table("effects", effect_table(comparison), Effects)


def csv_of(comparison: Comparison) -> str:
    """comparison.csv: one row per trial, with its parameters, means and ranks."""
    table = trial_table(comparison).join(_wide(comparison))
    texts = table.select_dtypes("str").apply(lambda column: column.map(csv_cell, na_action="ignore"))
    return table.assign(**texts).to_csv(index=False)


def _wide(comparison: Comparison) -> pd.DataFrame:
    """Means and ranks: one row per trial, and columns for each metric that any trial has."""
    found: dict[str, list[float | None]] = {}
    all_standings = [comparison.standings.get(trial.key, {}) for trial in comparison.trials]
    for name, metric in METRICS.items():
        means = [trial.mean(name) for trial in comparison.trials]
        if any(mean is not None for mean in means):
            found[name] = means
            if metric.by_round:
                found[f"{name}_rank"] = [
                    standings[name].rank if name in standings else None for standings in all_standings
                ]
    return pd.DataFrame(found, index=range(len(all_standings)))


def goals_of(spec: Path) -> Goals:
    """The goals of a sweep file, or no goals if there is no such file. Raises SpecError."""
    return load_spec(spec).goals if os.path.lexists(spec) else Goals()


def read_baseline(store: Store, named: str | None) -> tuple[str, Comparison] | None:
    """The baseline's name and comparison. `named` is a file or git commit; if None, the saved baseline is used.

    Returns None if `named` is None and no baseline was saved. Raises InputError.
    """
    path = store.baseline if named is None else Path(named)
    try:
        return str(path), parse_comparison(read_bytes(path), shown(path))
    except (FileNotFoundError, NotADirectoryError):
        if named is None:
            return None
    except OSError as error:
        raise InputError(f"{shown(path)} can't be read: {error.strerror}.", hint=_BASELINE) from error
    reason = "no commit begins with '-'"
    for saved in () if named.startswith("-") else (store.baseline, store.comparison):
        name = f"{named}:./{os.path.relpath(saved)}"
        found, reason = _from_git(name)
        if found is not None:
            return name, parse_comparison(found, shown(name))
    raise InputError(
        f"{shown(named)} is not a file, and git finds no comparison in it: {shown(reason)}.", hint=_BASELINE
    )


def _from_git(name: str) -> tuple[bytes | None, str]:
    """The content of a file in a commit, or None and git's message."""
    try:
        shown = subprocess.run(["git", "show", name], capture_output=True, check=False)
    except FileNotFoundError:
        return None, "git is not installed"
    return (shown.stdout, "") if shown.returncode == 0 else (None, shown.stderr.decode(errors="replace").strip())


def load_comparison(store: Store) -> Comparison:
    """The comparison that was written last. Raises NotIngestedError if there is none."""
    return parse_comparison(store.read_comparison(), str(store.comparison))


def parse_comparison(text: str | bytes, name: str) -> Comparison:
    """A saved comparison. Raises InputError if `text` is not one, or is one of another version."""
    try:
        version = _Versioned.model_validate_json(text).schema_version
    except ValidationError as error:
        raise InputError(
            f"{name} is not a saved comparison: {error.errors()[0]['msg']}.",
            hint="'chimera compare --save FILE' writes one.",
        ) from error
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{name} is of schema version {version}; this version reads comparisons of version {SCHEMA_VERSION}.",
            hint="Save a new baseline with 'chimera compare --save FILE'.",
        )
    try:
        return Comparison.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"{name}, {first_problem(error)}.", hint="Save the baseline again.") from error


def observe(store: Store, trial: Trial) -> Observed:
    """A trial's files, as a comparison sees them."""
    return _observed(trial, store.folder_of(trial), {})


def _observed(trial: Trial, folder: TrialFolder, settings: dict[str, Setting]) -> Observed:
    """Like `observe`, but also adds the trial's setting to `settings`, keyed by digest."""
    model, params = trial
    failure, metrics = failures_in(folder), _excerpt(folder)
    if not isinstance(metrics, Excerpt):
        if failure is None:
            return Observed(model=model, params=params, state="missing", error=metrics)
        return Observed(model=model, params=params, state="failed", error=failure.message)
    failed = failure.runs if failure is not None and failure.fingerprint == metrics.fingerprint else 0
    page = folder.page
    href = quote(f"{folder.path.parent.name}/{folder.path.name}/{page.name}", safe="/@+") if page.is_file() else None
    setting = _setting(metrics)
    digest = setting.digest
    settings.setdefault(digest, setting)
    return Observed(
        model=model,
        params=params,
        state="measured",
        values=values_of(metrics, failed_runs=failed),
        spoiled_by={verdict.name: verdict.evidence for verdict in metrics.validity if verdict.spoils},
        href=href,
        text=None if metrics.quality is None else metrics.quality.verdict,
        repeats=metrics.repeats,
        rounds=tuple(metrics.rounds),
        call_rows=_call_rows(metrics),
        accuracy=None
        if metrics.accuracy is None
        else AccuracyInterval(**metrics.accuracy.model_dump(exclude={"share"})),
        setting=digest,
        created_at=metrics.created_at.isoformat(timespec="seconds"),
    )


def _excerpt(folder: TrialFolder) -> Excerpt | str | None:
    """The part of a metrics.json that a comparison needs; why it can't be trusted, or None if there is no file."""
    try:
        return read_whole(folder, Excerpt)[0]
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        return str(error)


def _call_rows(metrics: Excerpt) -> list[tuple[float, float | None, float, int | None]]:
    """The rows of `Observed.call_rows`; empty if a time is missing or not finite, as goodput can't be computed then."""
    calls = [(call.ttft_ms, call.tpot_ms, call.e2e_ms, call.output_tokens) for call in metrics.calls]
    rows = [(ttft, tpot, e2e, tokens) for ttft, tpot, e2e, tokens in calls if ttft is not None]
    is_whole = len(rows) == len(calls) and math.isfinite(sum(ttft + (tpot or 0.0) + e2e for ttft, tpot, e2e, _ in rows))
    return rows if is_whole else []


def trial_table(comparison: Comparison) -> pd.DataFrame:
    """The table `trials`: one row per trial, with its parameters and whether it is valid."""
    front = set(comparison.front)
    rows = [
        {
            "model": trial.model,
            "params": trial.params_key,
            **trial.params.model_dump(),
            "state": trial.state,
            "validity": ", ".join(trial.spoiled_by) or ("valid" if trial.state == "measured" else None),
            "error": trial.error,
            "repeats": trial.repeats,
            "rounds": len(trial.rounds),
            "on_front": trial.key in front,
            "text": trial.text,
            "published": trial.href is not None,
            "report": trial.href,
            "created_at": trial.created_at,
        }
        for trial in comparison.trials
    ]
    return as_table(rows, Trials)


def standings_table(comparison: Comparison) -> pd.DataFrame:
    """The table `standings`: one row per trial and metric; trials that are not valid have means but no ranks."""
    rows: list[tuple[object, ...]] = []
    for trial in comparison.trials:
        key, valid, own = trial.params_key, trial.is_valid, comparison.standings.get(trial.key, {})
        for name, values in trial.values.items():
            low, high, rank = None, None, None
            if (standing := own.get(name)) is not None:
                low, high, rank = standing.summary.low, standing.summary.high, standing.rank
            mean, unit = trial.mean(name), METRICS[name].unit
            n = trial.accuracy.asked if name == "accuracy" and trial.accuracy is not None else len(values)
            rows.append((trial.model, key, name, unit, valid, n, mean, low, high, rank))
    return as_table(rows, Standings)


def effect_table(comparison: Comparison) -> pd.DataFrame:
    """The table `effects`: one row per effect and level."""
    rows = [
        effect.model_dump(exclude={"levels"}) | level.model_dump(exclude={"value"}) | {"level": level.value}
        for effect in comparison.effects
        for level in effect.levels
    ]
    return as_table(rows, Effects)


class _Versioned(BaseModel):
    model_config = ConfigDict(extra="ignore")

    schema_version: int


def _setting(metrics: Excerpt) -> Setting:
    environment = metrics.environment
    variables = {
        name: value for name, value in sorted(environment.variables.items()) if not name.startswith(_OF_A_LANE)
    }
    return Setting(
        host=environment.host,
        cpu=environment.cpu,
        gpus=", ".join(sorted({gpu.name for gpu in environment.gpus})) or "none",
        driver=environment.gpu_driver,
        engine=metrics.engine.name,
        engine_version=metrics.engine.version,
        model_digest=metrics.engine.model_digest,
        default_options=metrics.engine.default_options,
        effective_num_ctx=", ".join(map(str, metrics.effective_num_ctx)) or "unknown",
        prompts=metrics.prompt_version[:12],
        data=metrics.data_digest[:12],
        packages=environment.packages,
        variables=variables,
    )


def counts(trials: Sequence[Observed]) -> dict[str, int]:
    """How many trials are valid, not valid, failed and missing."""
    return {
        "valid": sum(trial.is_valid for trial in trials),
        "not valid": sum(trial.state == "measured" and not trial.is_valid for trial in trials),
        "failed": sum(trial.state == "failed" for trial in trials),
        "missing": sum(trial.state == "missing" for trial in trials),
    }
