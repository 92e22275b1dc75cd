"""What a heading or a caption says of hardware and engine: `vLLM on RTX 4090`, `Llama 3.1 8B 1 x A100 80G`.

The graphics card is read as it is written, with its memory: `A100 80G`. A text that names two of them, as one that
compares them does, says nothing; nor does one that names two engines.
"""

import re
from typing import NamedTuple

from chimera_dagster.ingest.context import Context, within
from chimera_dagster.ingest.remembered import remembered

_LONGEST = 200  # characters of a text that are looked at
_MEMORY = r"(?:[ -]?\(?(?:SXM\d?|PCIe|NVL)\)?)?(?:[ -]?\(?\d{2,3} ?Gi?B?\b\)?)?"
_CARD = re.compile(
    r"(?<![\w.-])(?:(?P<count>[1-9]\d?) ?(?:[x\u00d7*] ?| (?=NVIDIA|AMD)))?"
    r"(?P<gpu>(?:NVIDIA |AMD )?(?:GeForce |Tesla |Quadro |Radeon |Instinct )?"
    r"(?:(?:RTX|GTX)[ -]?(?:PRO )?(?:A?\d{4}|[2-5]0[5-9]0)(?: ?(?:Ti|Super|Ada|D))*"
    r"|RX ?\d{4}(?: ?XTX?)?|GB(?:10|200|300)|[ABH][123]00|H20|L40S?|L4|T4|V100|A10G?|A40|A6000|MI\d{3}X?)"
    rf"{_MEMORY})(?: GPUs?)?(?: ?[x\u00d7] ?(?P<after>[1-9]\d?)(?!\w))?(?![\w-])",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"(?<![\w.,/-])(?P<count>[1-9]\d?)(?: ?[x\u00d7*])?[ -]?(?:NVIDIA |AMD )?GPUs?(?![\w-])", re.IGNORECASE
)
_ENGINES = {
    **{"vllm": "vllm", "sglang": "sglang", "ollama": "ollama", "lmdeploy": "lmdeploy", "tgi": "tgi"},
    **{"exllamav2": "exllamav2", "exllamav3": "exllamav3", "koboldcpp": "koboldcpp", "mlx": "mlx"},
    **{"llama.cpp": "llama.cpp", "llamacpp": "llama.cpp", "lm studio": "lm_studio", "tensorrt-llm": "tensorrt_llm"},
}
_ENGINE = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, _ENGINES))})(?![\w/-]|\.\w)", re.IGNORECASE)


class Named(NamedTuple):
    """A graphics card, how many of them, and an engine, as far as a text says so."""

    gpu: str | None
    gpu_count: int | None
    backend: str | None


@remembered(maxsize=10_000)
def named_in(text: str) -> Named:
    """What a heading or a caption names."""
    text = text[:_LONGEST].replace("*", "").replace("`", "")
    cards = [*_CARD.finditer(text)]
    gpu = count = None
    if len({_plain(card["gpu"]) for card in cards}) == 1:
        gpu = cards[0]["gpu"].strip()
        counts = {found for card in cards if (found := card["count"] or card["after"])}
        count = int(counts.pop()) if len(counts) == 1 else None
    if count is None and len(counts := {*_COUNT.findall(text)}) == 1:
        count = int(counts.pop())
    engines = {_ENGINES[found.lower()] for found in _ENGINE.findall(text)}
    return Named(gpu, count, engines.pop() if len(engines) == 1 else None)


def with_named(context: Context, text: str) -> Context:
    """The context with the hardware and the engine that a heading or a caption names."""
    gpu, count, backend = named_in(text)
    if gpu:  # the number of other cards, in a section around this one, does not hold
        others = tuple(condition for condition in context.conditions if condition[0] != "gpu_count")
        context = context._replace(gpu=gpu, conditions=others)
    if count:
        context = context._replace(conditions=within(context.conditions, {"gpu_count": count}))
    return context._replace(backend=backend) if backend else context


def _plain(gpu: str) -> str:
    return re.sub(r"[\W_]+", "", gpu).casefold()
