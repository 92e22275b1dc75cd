"""The programs that scripts/gpu_checks.py runs beside itself: loads, CUDA's own view, holders of a lane, nvidia-smi."""

import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

# Values of CUDA_VISIBLE_DEVICES; {half} is the beginning of the UUID, {bare} the UUID without GPU-.
FORMS = (
    *(
        "0",
        "",
        "-1",
        "7",
        "0,7",
        "7,0",
        "0,7,0",
        "0,0",
        " 0",
        "0 ",
        "0, 7",
        "+0",
        "00",
        "0x0",
        "0x1",
        "0abc",
        "0,",
        ",0",
    ),
    *(
        "GPU",
        "GPU-",
        "none",
        "{uuid}",
        "{half}",
        "{bare}",
        "{upper}",
        "{HALF}",
        "{lower}",
        " {uuid}",
        "{uuid} ",
        "{uuid},",
    ),
    *("{uuid},{uuid}", "{uuid},0", "0,{uuid}", "{uuid}0", "{uuid},7"),
)

# Arguments: MiB to hold, seconds of load, seconds of none, in turn. Prints a line when the first product is done.
LOAD = """
import sys, time, torch
mib, on_s, off_s = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
held = torch.empty(mib * 2**20, dtype=torch.uint8, device="cuda")
a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
b = torch.mm(a, a)
torch.cuda.synchronize()
print("ready", flush=True)
while True:
    until = time.monotonic() + on_s
    while time.monotonic() < until:
        for _ in range(4):
            torch.mm(a, a, out=b)
        torch.cuda.synchronize()
    time.sleep(off_s)
"""

_CUDA = """
import ctypes, uuid
from ctypes import byref
cuda = ctypes.CDLL("libcuda.so.1")

def visible():
    count, device, raw = ctypes.c_int(), ctypes.c_int(), (ctypes.c_char * 16)()
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(byref(count)):
        return []
    found = []
    for index in range(count.value):
        cuda.cuDeviceGet(byref(device), index)
        cuda.cuDeviceGetUuid_v2(raw, device)
        found.append(f"GPU-{uuid.UUID(bytes=raw.raw)}")
    return found

def allocate(mib):
    device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
    cuda.cuInit(0)
    cuda.cuDeviceGet(byref(device), 0)
    cuda.cuDevicePrimaryCtxRetain(byref(context), device)
    cuda.cuCtxSetCurrent(context)
    assert cuda.cuMemAlloc_v2(byref(memory), ctypes.c_size_t(mib * 2**20)) == 0
"""

# Prints the UUIDs that CUDA shows.
VISIBLE = _CUDA + "print(*visible())"

# Prints whether a forked child that is pinned to the last lane sees that lane's GPU alone, though its parent saw all.
FORK = (
    _CUDA
    + """
import os
from chimera_dagster.gpu.lanes import LaneConfig, lanes
from chimera_dagster.gpu.pin import pin
from chimera_dagster.measure.nvml import survey_gpus
survey_gpus()
lane = lanes(LaneConfig())[-1]
if os.fork() == 0:
    pin(lane)
    print(visible() == [lane.gpu], flush=True)
    os._exit(0)
os.wait()
"""
)

# Arguments: the leases' folder, the trial's name, MiB to hold. Prints when it has the lane (time.monotonic), the MiB in
# use on the GPU then, the milliseconds until most of that is free, and a line when its own memory is taken.
HOLD = (
    _CUDA
    + """
import sys, time
from pathlib import Path
from chimera_dagster.gpu.lanes import LaneConfig, lanes
from chimera_dagster.gpu.holder import holder
from chimera_dagster.gpu.leases import acquire
from chimera_dagster.measure.nvml import survey_gpus
mib = int(sys.argv[3])
lease = acquire(lanes(LaneConfig()), holder("check", sys.argv[2]), Path(sys.argv[1]))
began = time.monotonic()
def used():
    return next(gpu.memory_used_mib for gpu in survey_gpus().gpus if gpu.uuid == lease.lane.gpu)
first = used()
while used() > mib and time.monotonic() - began < 5:
    pass
print(began, first, (time.monotonic() - began) * 1e3, sep="\\n", flush=True)
allocate(mib)
print("held", flush=True)
time.sleep(600)
"""
)

_SMI_FIELDS = "timestamp,utilization.gpu,memory.used,power.draw,temperature.gpu,clocks.sm,clocks_event_reasons.active"

SmiRow = tuple[float, ...]  # utilisation in %, MiB, W, °C, MHz, and the clock reasons' bits


@contextmanager
def smi_rows(uuid: str) -> Generator[list[SmiRow]]:
    """What nvidia-smi reads, five times a second, from its first row to the end of the block; filled at that end."""
    rows: list[SmiRow] = []
    command = ("nvidia-smi", f"--query-gpu={_SMI_FIELDS}", "--format=csv,noheader,nounits", "-lms", "200", "-i", uuid)
    with child(command) as process:
        read_lines(process, 1)
        began = datetime.now()
        yield rows
        ended = datetime.now()
        time.sleep(0.3)
        process.terminate()
        assert process.stdout is not None
        for line in process.stdout.read().splitlines():
            at, *values, bits = line.split(", ")
            if began <= datetime.strptime(at, "%Y/%m/%d %H:%M:%S.%f") <= ended:
                rows.append((*map(float, values), int(bits, 16)))


@contextmanager
def child(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Generator["subprocess.Popen[str]"]:
    """A process that ends with the block."""
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_lines(process: "subprocess.Popen[str]", count: int) -> list[str]:
    """The next lines that a process prints; raises ChildProcessError if it ends before."""
    assert process.stdout is not None
    found = [process.stdout.readline().strip() for _ in range(count)]
    if not all(found):
        raise ChildProcessError(f"it ended early: {process.args!r:.200}")
    return found


def run(*command: str, environ: Mapping[str, str] | None = None) -> str:
    """What a program prints; raises subprocess.CalledProcessError if it fails."""
    return subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def poll(read: Callable[[], object], seconds: float) -> tuple[float, float]:
    """Median milliseconds of one read, and mean milliseconds between two changes of what it returns."""
    took, changes, last, began = list[float](), 0, read(), time.perf_counter()
    while (now := time.perf_counter()) - began < seconds:
        value = read()
        took.append((time.perf_counter() - now) * 1e3)
        changes, last = changes + (value != last), value
        time.sleep(0.001)
    return sorted(took)[len(took) // 2], seconds * 1e3 / changes if changes else float("inf")
