"""Checks of who gets a GPU: CUDA_VISIBLE_DEVICES, lanes and their leases, and two lanes on one GPU."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack

from gpu_bench import Bench
from gpu_programs import FORK, FORMS, HOLD, SHARE, VISIBLE, child, mig_instances, read_lines, run

from chimera_dagster.gpu.lanes import LaneConfig, lanes
from chimera_dagster.measure.nvml import survey_gpus, uuids_visible

KILLS = 3  # of a holder, each with another one that waits
_WAITS_S = 2.5  # long enough for a third process to start and find both lanes taken


def visible(bench: Bench) -> None:
    """CUDA_VISIBLE_DEVICES as this project reads it, and what CUDA shows."""
    bench.table("CUDA_VISIBLE_DEVICES", "value", "GPUs here", "GPUs to CUDA")
    if mig_instances(bench.uuid):
        bench.impossible("every form of it", "with MIG, CUDA shows instances; see 'Two lanes on one GPU'")
        return
    uuid = bench.uuid
    names = {"uuid": uuid, "half": uuid[:12], "upper": uuid.upper(), "lower": uuid.lower(), "bare": uuid[4:]}
    for form in FORMS:
        value = form.format(**names, HALF=uuid[:12].upper())
        environ = os.environ | {"CUDA_VISIBLE_DEVICES": value}
        here = uuids_visible(bench.nvml, environ)
        there = run(sys.executable, "-c", VISIBLE, environ=environ).split()
        bench.row(f"`{form!r}`", len(here), len(there), ok=here == there)


def leases(bench: Bench) -> None:
    """One lane a GPU, whatever names it; a killed holder's lane, and what it leaves on the GPU."""
    bench.table("Lanes", "check", "value")
    asked = ([str(bench.index)], [bench.uuid], [bench.uuid[:12]], "auto")
    names = {lane.name for gpus in asked for lane in lanes(LaneConfig(gpus), bench.nvml, bench.environ)}
    bench.row("its names by index, by UUID, by the UUID's beginning, auto", " ".join(names), ok=len(names) == 1)
    pinned = run(sys.executable, "-W", "ignore", "-c", FORK, environ=bench.environ)
    bench.row("a forked child that is pinned sees its GPU alone", pinned, ok=pinned == "True")
    waits, used, freed = list[float](), list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:

        def hold(number: int) -> "subprocess.Popen[str]":
            command = (sys.executable, "-c", HOLD, folder, f"trial {number}", "4096")
            return stack.enter_context(child(command, bench.environ))

        holder = hold(0)
        read_lines(holder, 4)
        full = survey_gpus(bench.nvml).gpus[bench.index].memory_used_mib
        for number in range(1, KILLS + 1):
            heir = hold(number)
            time.sleep(_WAITS_S)
            if number == 1:
                _shown(bench, folder)
            killed = time.monotonic()
            holder.kill()
            at, mib, until, _ = read_lines(heir, 4)
            waits.append((float(at) - killed) * 1e3)
            used.append(float(mib))
            freed.append(float(until))
            holder = heir
    bench.row("kill -9 of the holder, until the next has the lane, ms", _listed(waits), ok=max(waits) < 2_000)
    bench.row(f"memory of the GPU in use then ({full:.0f} MiB before), MiB", _listed(used))
    bench.row("until most of it is free, ms", _listed(freed), ok=max(freed) < 1_000)


def two_lanes(bench: Bench) -> None:
    """Two trials at a time on one GPU: on two MIG instances if it has them, else by two processes on all of it."""
    bench.table("Two lanes on one GPU", "check", "value")
    instances = mig_instances(bench.uuid)[:2]
    by_mig = len(instances) == 2
    bench.row("the lanes are", "two MIG instances" if by_mig else "two processes on the whole GPU")
    gpus, slots = (",".join(instances), "1") if by_mig else (bench.uuid, "2")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:

        def share(number: int) -> "subprocess.Popen[str]":
            command = (sys.executable, "-c", SHARE, folder, f"trial {number}", gpus, slots)
            return stack.enter_context(child(command, bench.environ | {"CUDA_VISIBLE_DEVICES": gpus}))

        first, second = share(0), share(1)
        (lane, seen), (other, also_seen) = read_lines(first, 2), read_lines(second, 2)
        bench.row("both have a lane at once", f"{lane}, {other}", ok=lane != other)
        expected = instances if by_mig else [bench.uuid] * 2
        held = sorted(_digits(each) for each in (seen, also_seen))
        bench.row("each sees its own alone", f"{seen}; {also_seen}", ok=held == sorted(map(_digits, expected)))
        third = share(2)
        assert third.stdout is not None
        waiting = not select.select([third.stdout], [], [], _WAITS_S + 2.0)[0]
        bench.row("a third one waits", "yes" if waiting else "no", ok=waiting)
        listed = set(run("nvidia-smi", "--query-compute-apps=pid", "--format=csv,noheader,nounits").split())
        pids = {str(first.pid), str(second.pid)}
        if listed & pids:
            bench.row("both are on the GPU, by nvidia-smi", ", ".join(sorted(listed)), ok=pids <= listed)
        else:
            bench.impossible("both are on the GPU, by nvidia-smi", "it names other process ids, as in a container")
        first.kill()
        inherited, _ = read_lines(third, 2)
        bench.row("and has the lane of the first once that is killed", inherited, ok=inherited == lane)


def _shown(bench: Bench, folder: str) -> None:
    command = "from chimera_dagster.cli import main; main()"
    environ = bench.environ | {"CHIMERA_LEASES_DIR": folder}
    document = json.loads(run(sys.executable, "-c", command, "gpus", "--json", environ=environ))
    shown = [document["lanes"][0]["holder"]["trial"], *(who["trial"] for who in document["waiting"])]
    bench.row("`chimera gpus` shows holder and waiter", ", ".join(shown), ok=shown == ["trial 0", "trial 1"])


def _digits(uuid: str) -> str:
    """CUDA shows the UUID of a MIG instance with the prefix of a GPU."""
    return uuid.removeprefix("GPU-").removeprefix("MIG-").lower()


def _listed(values: list[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values)
