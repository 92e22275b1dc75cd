"""Which lanes there are, by what is asked for and what the driver shows."""

from typing import Any

import pytest

from chimera_dagster.errors import SettingError
from chimera_dagster.gpu.lanes import Lane, LaneConfig, config_of, lanes
from chimera_dagster.settings import Settings
from tests.unit.measure.fake_nvml import GPU_IS_LOST, FakeGpu, FakeNvml, error

NO_DRIVER = FakeNvml(init=error(GPU_IS_LOST))
TWO = ("GPU-aaaa-1", "GPU-bbbb-2")


def host() -> FakeNvml:
    return FakeNvml(*(FakeGpu(uuid) for uuid in TWO))


def test_auto_is_every_gpu_with_a_server_each() -> None:
    assert lanes(LaneConfig(), host(), {}) == [
        Lane("GPU-aaaa-1.0", "GPU-aaaa-1", "http://127.0.0.1:11434"),
        Lane("GPU-bbbb-2.0", "GPU-bbbb-2", "http://127.0.0.1:11435"),
    ]


def test_auto_leaves_out_what_cuda_visible_devices_hides() -> None:
    found = lanes(LaneConfig(), host(), {"CUDA_VISIBLE_DEVICES": "1"})
    assert [lane.gpu for lane in found] == ["GPU-bbbb-2"]


@pytest.mark.parametrize("hidden", [{}, {"CUDA_VISIBLE_DEVICES": ""}])
def test_without_a_gpu_the_machine_is_one_lane_whose_server_is_left_as_it_is(hidden: dict[str, str]) -> None:
    nvml = host() if hidden else NO_DRIVER
    assert lanes(LaneConfig(), nvml, hidden | {"OLLAMA_HOST": "no:address:at:all"}) == [Lane("cpu.0", None, None)]


@pytest.mark.parametrize("name", ["1", "GPU-bbbb-2", "GPU-b"])
def test_a_gpu_has_one_name_however_it_is_called(name: str) -> None:
    [lane] = lanes(LaneConfig([name]), host(), {"CUDA_VISIBLE_DEVICES": "0"})
    assert (lane.name, lane.gpu, lane.endpoint) == ("GPU-bbbb-2.0", "GPU-bbbb-2", None)


def test_a_list_is_believed_where_there_is_no_driver_to_ask() -> None:
    found = lanes(LaneConfig(["0", "GPU-x", "MIG-y"]), NO_DRIVER, {})
    assert [(lane.name, lane.gpu) for lane in found] == [("gpu-0.0", "0"), ("GPU-x.0", "GPU-x"), ("MIG-y.0", "MIG-y")]


def test_slots_of_a_gpu_share_its_server_and_are_taken_when_every_gpu_is() -> None:
    found = lanes(LaneConfig(processes_per_gpu=2), host(), {})
    assert [lane.name for lane in found] == ["GPU-aaaa-1.0", "GPU-bbbb-2.0", "GPU-aaaa-1.1", "GPU-bbbb-2.1"]
    assert found[0].endpoint == found[2].endpoint


def test_endpoints_go_to_the_gpus_in_their_order() -> None:
    found = lanes(LaneConfig(["1", "0"], ["localhost:1", "[::1]:2"]), host(), {})
    assert [(lane.gpu, lane.endpoint) for lane in found] == [
        ("GPU-bbbb-2", "http://localhost:1"),
        ("GPU-aaaa-1", "http://[::1]:2"),
    ]


@pytest.mark.parametrize(
    ("value", "second"),
    [
        ("0.0.0.0:9000", "http://127.0.0.1:9001"),
        ("[::1]", "http://[::1]:11435"),
        ("https://host/a", "https://host:444/a"),
    ],
)
def test_ports_are_counted_from_ollama_host(value: str, second: str) -> None:
    assert lanes(LaneConfig(), host(), {"OLLAMA_HOST": value})[1].endpoint == second


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (LaneConfig(["2"]), "'2', which is not a GPU"),
        (LaneConfig(["GPU-"]), "'GPU-', which is not a GPU"),
        (LaneConfig(["0", "GPU-a"]), "GPU-aaaa-1 twice"),
        (LaneConfig([]), "no GPU"),
        (LaneConfig("all"), "'all'"),
        (LaneConfig(endpoints=["localhost:1"]), "1 endpoints for 2 GPUs"),
        (LaneConfig(endpoints=["ftp://a", "b"]), "ftp"),
        (LaneConfig(processes_per_gpu=0), "is 0"),
    ],
)
def test_what_can_not_be_is_said(config: LaneConfig, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        lanes(config, host(), {})


@pytest.mark.parametrize(
    ("settings", "config"),
    [
        ({}, LaneConfig("auto", [], 1)),
        ({"gpus": "0, GPU-a"}, LaneConfig(["0", "GPU-a"], [], 1)),
        ({"ollama_endpoints": "a:1,b:2", "processes_per_gpu": 2}, LaneConfig("auto", ["a:1", "b:2"], 2)),
    ],
)
def test_settings_are_lists_with_commas(settings: dict[str, Any], config: LaneConfig) -> None:
    assert config_of(Settings(**settings)) == config
