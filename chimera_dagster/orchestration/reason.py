"""Why a run failed, in the words of the step that failed."""

from collections.abc import Iterable

from dagster import DagsterEvent, DagsterEventType

REASON_EVENTS = {DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE}  # all events that `reason_of` reads


def reason_of(events: Iterable[DagsterEvent]) -> str:
    """What the first step that failed reported, or else what ended the run."""
    for event in events:
        if event.event_type == DagsterEventType.STEP_FAILURE:
            failure = event.step_failure_data
            if failure.user_failure_data is not None and failure.user_failure_data.description:
                return failure.user_failure_data.description
            if failure.error is not None:
                return (failure.error.cause or failure.error).message.strip()
        elif event.event_type == DagsterEventType.RUN_FAILURE and event.message:
            return event.message
    return "The run recorded no failure reason; see its page in the UI."
