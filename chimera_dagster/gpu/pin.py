"""Pins a process to its lane: libraries that it imports later see only that GPU and that GPU's Ollama server."""

import os

from chimera_dagster.gpu.lanes import Lane


def pin(lane: Lane) -> None:
    """Set the environment of this process to the lane's, before anything uses a GPU or Ollama.

    CHIMERA_LANE is only recorded: a trial's metrics.json holds these variables. NVML always sees every GPU;
    `measure/telemetry.py` reads the one in CUDA_VISIBLE_DEVICES.
    """
    os.environ["CHIMERA_LANE"] = lane.name
    if lane.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = lane.gpu
    if lane.endpoint is not None:
        os.environ["OLLAMA_HOST"] = lane.endpoint
