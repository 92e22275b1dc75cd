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
    return memory
"""

# A kernel of fused multiply-adds that keeps every core busy. The driver compiles it, so no other package is needed.
_KERNEL = """
.version 6.4
.target sm_50
.address_size 64
.visible .entry burn(.param .u64 sink, .param .u32 rounds)
{
    .reg .f32 %f<10>;
    .reg .u32 %r<4>;
    .reg .u64 %rd<2>;
    .reg .pred %p;
    ld.param.u64 %rd1, [sink];
    ld.param.u32 %r1, [rounds];
    mov.u32 %r2, 0;
    mov.u32 %r3, %tid.x;
    cvt.rn.f32.u32 %f1, %r3;
    mov.f32 %f2, %f1;
    mov.f32 %f3, %f1;
    mov.f32 %f4, %f1;
again:
    fma.rn.f32 %f1, %f1, 0f3F7FFFFF, 0f3A83126F;
    fma.rn.f32 %f2, %f2, 0f3F7FFFFF, 0f3A83126F;
    fma.rn.f32 %f3, %f3, 0f3F7FFFFF, 0f3A83126F;
    fma.rn.f32 %f4, %f4, 0f3F7FFFFF, 0f3A83126F;
    add.u32 %r2, %r2, 1;
    setp.lt.u32 %p, %r2, %r1;
    @%p bra again;
    add.f32 %f1, %f1, %f2;
    add.f32 %f3, %f3, %f4;
    add.f32 %f1, %f1, %f3;
    st.global.f32 [%rd1], %f1;
    ret;
}
"""

# Arguments: MiB to hold, seconds of load, seconds of none, in turn. Prints a line when the first kernel is done.
LOAD = (
    _CUDA
    + f"KERNEL = {_KERNEL.encode()!r}\n"
    + """
import sys, time
mib, on_s, off_s = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
held, sink = allocate(mib), allocate(1)
module, function = ctypes.c_void_p(), ctypes.c_void_p()
assert cuda.cuModuleLoadData(byref(module), KERNEL) == 0
assert cuda.cuModuleGetFunction(byref(function), module, b"burn") == 0
rounds = ctypes.c_uint32(100_000)
arguments = (ctypes.c_void_p * 2)(ctypes.addressof(sink), ctypes.addressof(rounds))

def burn():
    blocks, threads = 4_096, 256
    assert cuda.cuLaunchKernel(function, blocks, 1, 1, threads, 1, 1, 0, None, arguments, None) == 0
    assert cuda.cuCtxSynchronize() == 0

began = time.monotonic()
burn()
# one launch must be short beside the seconds of load
rounds.value = max(1_000, min(4_000_000, int(rounds.value * 0.02 / max(time.monotonic() - began, 1e-4))))
print("ready", flush=True)
while True:
    until = time.monotonic() + on_s
    while time.monotonic() < until:
        burn()
    time.sleep(off_s)
"""
)

# Arguments: MiB of the first and the second allocation. Makes the one, at a SIGUSR1 the other, at the next frees that.
STEPS = (
    _CUDA
    + """
import signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
first = allocate(int(sys.argv[1]))
print("first", flush=True)
signal.sigwait({signal.SIGUSR1})
second = allocate(int(sys.argv[2]))
print("second", flush=True)
signal.sigwait({signal.SIGUSR1})
assert cuda.cuMemFree_v2(second) == 0
print("freed", flush=True)
time.sleep(600)
"""
)

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

# Arguments: the leases' folder, the trial's name, GPUs with commas between, slots per GPU. Prints the lane that it got
# and the UUIDs that CUDA shows there.
SHARE = (
    _CUDA
    + """
import sys, time
from pathlib import Path
from chimera_dagster.gpu.lanes import LaneConfig, lanes
from chimera_dagster.gpu.holder import holder
from chimera_dagster.gpu.leases import acquire
from chimera_dagster.gpu.pin import pin
config = LaneConfig(sys.argv[3].split(","), processes_per_gpu=int(sys.argv[4]))
lease = acquire(lanes(config), holder("check", sys.argv[2]), Path(sys.argv[1]))
pin(lease.lane)
allocate(512)
print(lease.lane.name, ",".join(visible()), sep="\\n", flush=True)
time.sleep(600)
"""
)

_SMI_FIELDS = "timestamp,utilization.gpu,memory.used,power.draw,temperature.gpu,clocks.sm,clocks_event_reasons.active"

SMI_REASONS = (
    *("gpu_idle", "applications_clocks_setting", "sw_power_cap", "hw_slowdown", "hw_thermal_slowdown"),
    *("hw_power_brake_slowdown", "sync_boost", "sw_thermal_slowdown"),
)

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


def mig_instances(gpu: str) -> list[str]:
    """The UUIDs of the MIG instances of a GPU, as `nvidia-smi -L` lists them below it."""
    found: list[str] = []
    inside = False
    for line in run("nvidia-smi", "-L").splitlines():
        if not line.startswith((" ", "\t")):
            inside = gpu in line
        elif inside and "UUID: MIG-" in line:
            found.append(line.partition("UUID: ")[2].rstrip(")"))
    return found


def active_reasons(uuid: str) -> set[str]:
    """The clock reasons that nvidia-smi calls active now, by its own names."""
    fields = ",".join(f"clocks_event_reasons.{name}" for name in SMI_REASONS)
    values = run("nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader", "-i", uuid).split(", ")
    return {name for name, value in zip(SMI_REASONS, values, strict=True) if value == "Active"}
