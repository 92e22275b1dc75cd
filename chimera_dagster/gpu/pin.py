"""A process is pinned to its lane: what it imports from then on sees that GPU alone, and that GPU's Ollama server."""

import os

from chimera_dagster.gpu.lanes import Lane


def pin(lane: Lane) -> None:
    """Set the environment of this process to the lane's; to be done before anything asks for a GPU or for Ollama.

    CHIMERA_LANE is for the record: a trial's metrics.json holds these variables. NVML sees every GPU whatever they say;
    `measure/telemetry.py` reads the one that CUDA_VISIBLE_DEVICES names.
    """
    os.environ["CHIMERA_LANE"] = lane.name
    if lane.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = lane.gpu
    if lane.endpoint is not None:
        os.environ["OLLAMA_HOST"] = lane.endpoint
