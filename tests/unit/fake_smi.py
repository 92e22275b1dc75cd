"""A stand-in for the program nvidia-smi, and for the programs that use CUDA: all of them share the state in a file.

The state has `row` (utilisation in %, MiB, W, °C, MHz, bits of the clock reasons), `apps` (process id and MiB) and
`mig`.
"""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.unit.measure.fake_nvml import MIB, FakeGpu, process

UUID = "GPU-aaaa-1"
IDLE: dict[str, Any] = {"row": [50, 1024, 100.0, 60, 1500, 0], "apps": [], "mig": []}

SMI = """#!{python}
import json, sys, time
from datetime import datetime
state = lambda: json.load(open({state!r}))
query = sys.argv[1]
if query == "-L":
    print("GPU 0: Fake GPU (UUID: {uuid})")
    for place, mig in enumerate(state()["mig"]):
        print(f"  MIG 1g.10gb     Device  {{place}}: (UUID: {{mig}})")
elif "compute-apps" in query:
    for pid, mib in state()["apps"]:
        print(pid if query.endswith("=pid") else f"{{pid}}, {{mib}}")
elif "gpu_idle" in query:
    bits = {{"gpu_idle": 1, "applications_clocks_setting": 2, "sw_power_cap": 4, "hw_slowdown": 8, "sync_boost": 16,
        "sw_thermal_slowdown": 32, "hw_thermal_slowdown": 64, "hw_power_brake_slowdown": 128}}
    names = [field.partition(".")[2] for field in query.partition("=")[2].split(",")]
    print(", ".join("Active" if state()["row"][5] & bits[name] else "Not Active" for name in names))
else:
    while True:
        *values, mask = state()["row"]
        at = datetime.now().strftime("%Y/%m/%d %H:%M:%S.%f")[:-3]
        print(", ".join([at, *map(str, values), hex(mask)]), flush=True)
        time.sleep(0.05)
"""

# In the place of a load: a process that NVML and nvidia-smi list with the memory that it is given.
LOAD = """
import json, os, sys, time
path = {state!r}
state = json.load(open(path))
state["apps"].append([os.getpid(), float(sys.argv[1])])
with open(path + ".new", "w") as file:
    json.dump(state, file)
os.replace(path + ".new", path)
print("ready", flush=True)
time.sleep(600)
"""

STEPS = """
import json, os, signal, sys, time
path = {state!r}
def hold(mib):
    state = json.load(open(path))
    state["row"][1], state["apps"] = 1024 + mib, [[os.getpid(), mib + 400.0]]
    with open(path + ".new", "w") as file:
        json.dump(state, file)
    os.replace(path + ".new", path)
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGUSR1}})
first, second = map(int, sys.argv[1:])
for name, mib in (("first", first), ("second", first + second), ("freed", first)):
    hold(mib)
    print(name, flush=True)
    signal.sigwait({{signal.SIGUSR1}})
time.sleep(600)
"""


class FakeMachine:
    """The file of the state, and the GPU that NVML sees, which has the same figures unless a test says otherwise."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.json"
        self.set(**IDLE)
        program = folder / "nvidia-smi"
        program.write_text(SMI.format(python=sys.executable, state=str(self.path), uuid=UUID))
        program.chmod(0o755)
        began = time.monotonic()
        self.gpu = FakeGpu(
            UUID,
            UtilizationRates=SimpleNamespace(gpu=50, memory=10),
            MemoryInfo_v2=lambda _: SimpleNamespace(total=8192 * MIB, used=self.state["row"][1] * MIB),
            ComputeRunningProcesses=lambda _: [process(pid, mib) for pid, mib in self.state["apps"]],
            CurrentClocksEventReasons=lambda _: self.state["row"][5],
            PowerUsage=100_000,
            TotalEnergyConsumption=lambda _: int(1e6 + 100_000 * (time.monotonic() - began)),
            TemperatureV=60,
            ClockInfo=1500,
        )

    @property
    def state(self) -> dict[str, Any]:
        return json.loads(self.path.read_text())

    def set(self, **changes: Any) -> None:
        known = self.state if self.path.exists() else {}
        scratch = self.path.with_suffix(".new")
        scratch.write_text(json.dumps(known | changes))
        scratch.replace(self.path)

    def program(self, source: str) -> str:
        return source.format(state=str(self.path))
