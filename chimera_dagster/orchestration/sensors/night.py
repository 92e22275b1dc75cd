"""A nightly round: ingest, and once that has succeeded, the trials whose report is missing or outdated."""

from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    ResourceParam,
    RunRequest,
    RunsFilter,
    ScheduleEvaluationContext,
    SensorEvaluationContext,
    SkipReason,
    schedule,
    sensor,
)

from chimera_dagster.errors import SpecError
from chimera_dagster.orchestration.jobs import MEASURED_ASSETS, ingest_job, trial_job
from chimera_dagster.orchestration.partitions import dagster_key, missing_keys
from chimera_dagster.orchestration.workspace import ROUND_TAG, Workspace
from chimera_dagster.records.documents import Summary
from chimera_dagster.spec.sweep import TrialPlan, load_spec
from chimera_dagster.steps.done import is_done
from chimera_dagster.sweeps.rounds import visits_of

NIGHT_TAG = "chimera/round"  # on an ingest: which round it starts; on a trial: the ingest that it follows
NIGHTLY = {NIGHT_TAG: "nightly"}
PAGE = 50  # trials per tick: requesting thousands of runs at once would delay every other sensor
_WAITING = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING]


@schedule(cron_schedule="0 2 * * *", job=ingest_job, default_status=DefaultScheduleStatus.STOPPED)
def nightly(context: ScheduleEvaluationContext) -> RunRequest:
    """At 02:00 UTC: ingest the reports folder, then run the trials whose report is missing or outdated."""
    return RunRequest(tags=NIGHTLY)


@sensor(job=trial_job, minimum_interval_seconds=20, default_status=DefaultSensorStatus.RUNNING)
def nightly_trials(
    context: SensorEvaluationContext, workspace: ResourceParam[Workspace]
) -> list[RunRequest] | SkipReason:
    """The second half of the schedule `nightly`: its trials, once its ingest has succeeded."""
    night = _last_night(context.instance)
    if night is None:
        return SkipReason("The last ingest of the schedule 'nightly' has not succeeded, or there was none.")
    try:
        spec = load_spec(workspace.settings.spec)
    except SpecError as error:
        return SkipReason(str(error))
    if any(missing_keys(context.instance, spec.partition_keys()).values()):
        return SkipReason(f"The sensor sweep_spec has not yet registered the trials of {workspace.settings.spec}.")
    store, plans = workspace.store, visits_of(spec.plans())
    name = f"{night}/{spec.content_hash()}"
    seen = _seen(context.cursor, name)
    page = plans[seen : seen + PAGE]
    if not page:
        return SkipReason(f"All {len(plans)} trials were checked after the nightly ingest {night[:8]}.")
    context.update_cursor(f"{name}/{seen + len(page)}")
    digest, waiting = store.read_json("summary", Summary).digest, _waiting(context.instance)
    todo = [plan for plan in page if not is_done(store, plan, digest) and (plan.trial.key, plan.round) not in waiting]
    for plan in todo:
        store.register(plan)
    if not todo:
        return SkipReason(f"Trials {seen + 1} to {seen + len(page)} of {len(plans)} have an up-to-date report.")
    return [_request(plan, night) for plan in todo]


def _request(plan: TrialPlan, night: str) -> RunRequest:
    key = dagster_key(plan.trial)
    return RunRequest(
        run_key=f"{night}:{key}" if plan.round == 1 else f"{night}:{key}:{plan.round}",
        partition_key=key,
        asset_selection=None if plan.writes_report else [AssetKey(name) for name in MEASURED_ASSETS],
        tags={NIGHT_TAG: night, ROUND_TAG: str(plan.round)},
    )


def _last_night(instance: DagsterInstance) -> str | None:
    """The last ingest of the schedule, if it succeeded."""
    last = next(iter(instance.get_runs(RunsFilter(job_name=ingest_job.name, tags=NIGHTLY), limit=1)), None)
    return last.run_id if last is not None and last.status == DagsterRunStatus.SUCCESS else None


def _waiting(instance: DagsterInstance) -> set[tuple[str, int]]:
    """Partitions of the runs that have not started yet, each with its round."""
    return {
        (run.tags.get("dagster/partition", ""), int(run.tags.get(ROUND_TAG, "1")))
        for run in instance.get_runs(RunsFilter(statuses=_WAITING))
    }


def _seen(cursor: str | None, name: str) -> int:
    """How many trials of a round have been checked."""
    before, _, seen = (cursor or "").rpartition("/")
    return int(seen) if before == name else 0
