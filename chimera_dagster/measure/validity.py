"""What spoils a measurement, each with its evidence; the list is that of docs/metrics.md.

Not judged yet, because nothing here measures it: `truncated`, `throttled`, and other processes on the GPU.
"""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from chimera_dagster.measure.call import Call
from chimera_dagster.trial import ParamSet

_RESIDUAL_SHARE = 0.10  # docs/metrics.md: above it the call waited for something that no field names
_WARM_LOAD_MS = 500.0  # Ollama reports some 50 ms of scheduling as load; a real load takes longer


class Verdict(BaseModel):
    """`valid` alone, or one entry for each thing that spoils the trial."""

    model_config = ConfigDict(frozen=True)

    name: str
    evidence: str


def judge(calls: Sequence[Call], params: ParamSet) -> list[Verdict]:
    """The validity verdicts of a trial's measured calls."""
    found = list(_spoilers(calls, params))
    return found or [Verdict(name="valid", evidence=f"{len(calls)} calls, none of them spoiled")]


def _spoilers(calls: Sequence[Call], params: ParamSet) -> Iterator[Verdict]:
    for call in calls:
        metrics, name = call.metrics, f"{call.stage} {call.repeat + 1}"
        if metrics.load_ms is not None and metrics.load_ms > _WARM_LOAD_MS:
            yield Verdict(name="reloaded", evidence=f"{name}: the model was loaded again, {metrics.load_ms:.0f} ms")
        if metrics.prompt_cached_tokens:
            share = f"{metrics.prompt_cached_tokens} of {metrics.prompt_tokens}"
            yield Verdict(name="cached", evidence=f"{name}: {share} prompt tokens from a cache")
        waited, total = metrics.residual_ms, metrics.total_ms
        if waited is not None and total and waited > _RESIDUAL_SHARE * total:
            evidence = f"{name}: {waited:.0f} of {total:.0f} ms in no field of the engine"
            yield Verdict(name="contended", evidence=evidence)
        if metrics.done_reason != "stop":
            yield Verdict(name="incomplete", evidence=f"{name}: done_reason {metrics.done_reason}")
    contexts = {call.effective_num_ctx for call in calls} - {None}
    if params.num_ctx is not None and contexts - {params.num_ctx}:
        yield Verdict(name="clamped", evidence=f"num_ctx {params.num_ctx} asked for, {contexts} in effect")
    shares = [call.gpu_share for call in calls if call.gpu_share is not None]
    if params.num_gpu is not None and params.num_gpu > 0 and shares and min(shares) < 1:
        yield Verdict(
            name="offloaded_to_cpu",
            evidence=f"num_gpu {params.num_gpu} asked for, {min(shares):.0%} of the model in GPU memory",
        )
