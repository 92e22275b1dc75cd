"""Partitions follow sweep.yaml."""

from dagster import SensorResult, SkipReason, build_sensor_context

from chimera_dagster.orchestration.sensors import sweep_spec
from tests.conftest import Project
from tests.integration.bench import Bench, bench_in


def tick(bench: Bench) -> SensorResult | SkipReason:
    context = build_sensor_context(instance=bench.instance, resources={"workspace": bench.workspace})
    result = sweep_spec(context)
    assert isinstance(result, SensorResult | SkipReason)
    if isinstance(result, SensorResult):
        for request in result.dynamic_partitions_requests or []:
            bench.instance.add_dynamic_partitions(request.partitions_def_name, request.partition_keys)
    return result


def test_a_new_parameter_set_becomes_a_partition_once(project: Project) -> None:
    with bench_in(project) as bench:
        tick(bench)
        assert list(bench.instance.get_dynamic_partitions("model")) == ["smollm2:135m"]
        first = list(bench.instance.get_dynamic_partitions("params"))
        assert first == [plan.params.key for plan in bench.plans()]
        assert isinstance(tick(bench), SkipReason)
        project.spec.write_text(project.spec.read_text().replace("[0.2, 1.0]", "[0.2, 1.0, 2.0]"))
        tick(bench)
        added = bench.plans()[-1]
        assert list(bench.instance.get_dynamic_partitions("params")) == [*first, added.params.key]
        assert bench.store.plan(added.model, added.params.key) == added


def test_a_broken_sweep_file_is_a_reason_and_changes_nothing(project: Project) -> None:
    with bench_in(project) as bench:
        project.spec.write_text("models: []\n")
        result = tick(bench)
        assert isinstance(result, SkipReason)
        assert "line 1, models" in str(result.skip_message)
        assert list(bench.instance.get_dynamic_partitions("model")) == []
