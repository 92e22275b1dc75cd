"""Why a run failed, in the words of who failed: for whoever runs trials, here or through Dagster's daemon."""

from collections.abc import Iterable

from dagster import DagsterEvent, DagsterEventType

TELLING = {DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE}  # all events that `reason_of` looks at


def reason_of(events: Iterable[DagsterEvent]) -> str:
    """What the first step that failed says; else what ended the run."""
    for event in events:
        if event.event_type == DagsterEventType.STEP_FAILURE:
            failure = event.step_failure_data
            if failure.user_failure_data is not None and failure.user_failure_data.description:
                return failure.user_failure_data.description
            if failure.error is not None:
                return (failure.error.cause or failure.error).message.strip()
        elif event.event_type == DagsterEventType.RUN_FAILURE and event.message:
            return event.message
    return "the run ended without saying why; see its page in the UI"
