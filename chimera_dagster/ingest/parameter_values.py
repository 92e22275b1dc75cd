"""Values of parameters: the form that each has wherever it was read."""

import struct
from functools import lru_cache

_WHOLE = frozenset({"num_gpu", "num_ctx", "top_k"})
_HOTTEST = 5.0  # above it, `temperature` is that of a device


def parameter(name: str, value: float) -> int | float | None:
    """A parameter's value in the form that ParamSet.canonical writes; None for a temperature in degrees."""
    if name == "temperature" and value > _HOTTEST:
        return None
    return int(value) if name in _WHOLE and value.is_integer() else _written(value)


@lru_cache(maxsize=1_000)
def _written(value: float) -> float:
    """The number as it was before a tool kept it in 32 bits: 0.800000011920929 was 0.8."""
    short = float(f"{value:.6g}")
    return short if abs(value) < 1e9 and struct.unpack("f", struct.pack("f", short))[0] == value else value
