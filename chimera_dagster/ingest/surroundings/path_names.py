"""What the parts of a path say of the machine, the engine and the quantization: `rtx4090/vllm_awq.json`.

Names of files and folders are written without spaces, so they are read by other rules than headings are
(`named_hardware.py`). If a part names two of a kind, for example because it compares them, neither is taken.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.ingest.remembered import remembered

_LONGEST = 200  # characters of a part that are looked at
_GAP = r"[-_ ]?"
_MEMORY = rf"(?:{_GAP}(?:sxm\d?|pcie|nvl))?(?:{_GAP}\d{{2,3}}gb?)?"
# Names that are those of a card wherever they stand
_CARDS = (
    rf"(?:nvidia{_GAP})?(?:geforce{_GAP})?[rg]tx{_GAP}(?:pro{_GAP})?a?\d{{4}}(?:{_GAP}(?:ti|super|ada|d|laptop|\d{{2}}gb))*",
    rf"(?:amd{_GAP})?(?:radeon{_GAP})?rx{_GAP}\d{{4}}(?:{_GAP}(?:xtx?|gre))?|(?:amd{_GAP})?radeon{_GAP}\d{{3,4}}[ms]",
    rf"(?:nvidia{_GAP})?(?:(?:amd{_GAP})?instinct{_GAP})?(?:gb(?:10|200|300)|[ah][123]00|b[23]00|h20|l40s?|v100|a10g|a40|a[456]000|mi[23]\d\d[xa]?){_MEMORY}",
    rf"(?:apple{_GAP})?(?:silicon{_GAP})?m[1-6]{_GAP}(?:pro|max|ultra)(?:{_GAP}\d{{2,3}}gb?)?",
    rf"(?:apple|macbook(?:{_GAP}(?:pro|air))?|mac{_GAP}(?:mini|studio)|mbp|mba){_GAP}m[1-6]",
    rf"(?:intel{_GAP})?arc{_GAP}(?:pro{_GAP})?[ab]\d{{2,3}}",
    rf"kunlun{_GAP}[pr]\d{{3}}|ascend{_GAP}\d{{3}}[a-z]?\d?|hygon{_GAP}(?:bw|k|z)\d{{3,4}}|mlu{_GAP}\d{{3}}|gaudi{_GAP}[23]|tpu{_GAP}v\d[ep]?",
    r"(?-i:L4|T4|P40|P100|K80|M40|A10|A16|A30)",
    rf"dgx{_GAP}spark|strix{_GAP}halo|jetson{_GAP}(?:agx{_GAP})?(?:orin|xavier|thor|nano)",
)
# Names that may also be those of something else: they are cards if they set files apart
_SHORT = (
    rf"[2-5]0[5-9]0(?:{_GAP}(?:ti|super|d))*",
    r"[67]\d00xtx?",
    r"l4|t4|p40|p100|k80|m40|a10|a16|a30|[78]\d0m|8060s",
)
_ENGINES = {
    **dict.fromkeys(("llama.cpp", "llamacpp", "llama-cpp", "llama_cpp"), "llama.cpp"),
    **dict.fromkeys(("lmstudio", "lm-studio", "lm_studio"), "lm_studio"),
    **dict.fromkeys(("tensorrt-llm", "tensorrt_llm", "trtllm", "trt-llm", "trt_llm"), "tensorrt_llm"),
    **dict.fromkeys(("mlc-llm", "mlc_llm", "mlc"), "mlc_llm"),
    **{name: name for name in ("vllm", "sglang", "ollama", "lmdeploy", "tgi", "exllamav2", "exllamav3", "koboldcpp")},
    **{name: name for name in ("mlx", "llamafile", "transformers", "openvino", "onnxruntime")},
}
_QUANTIZATIONS = (
    r"(?:ud[-_])?i?q[1-8](?:[-_](?:k(?:[-_](?:[smlx]{1,2}))?|[01]|[smlx]{1,2}|xxs|nl))?",
    r"fp(?:32|16|8|4)|f(?:32|16)|bf16|int[48]|w[48]a(?:16|8)|awq|gptq|nf4|mxfp4|nvfp4|[23458]bit",
)
_START, _END = r"(?<![a-z0-9])", r"(?![a-z0-9])"


def _counted(*names: str) -> re.Pattern[str]:
    count = rf"{_START}(?:(?P<count>[1-9]\d?)x{_GAP})?"
    return re.compile(
        rf"{count}(?P<gpu>{'|'.join(names)})(?:{_GAP}x(?P<after>[1-9]\d?))?{_END}", re.IGNORECASE | re.ASCII
    )


_CARD, _ANY_CARD = _counted(*_CARDS), _counted(*_CARDS, *_SHORT)
_ENGINE = re.compile(
    rf"{_START}(?:{'|'.join(map(re.escape, sorted(_ENGINES, key=len, reverse=True)))}){_END}", re.IGNORECASE | re.ASCII
)
_QUANTIZATION = re.compile(  # but not a quarter of a year: 2025-q4
    rf"{_START}(?<!20\d\d[-_ ])(?:{'|'.join(_QUANTIZATIONS)}){_END}", re.IGNORECASE | re.ASCII
)


_COMPARES = re.compile(rf"{_START}(?:vs|versus|against){_END}", re.IGNORECASE)


class PathNames(NamedTuple):
    """A card, how many of them, an engine and a quantization, as far as a part of a path says so.

    `spans` are the places in the part that say it.
    """

    gpu: str | None = None
    gpu_count: int | None = None
    backend: str | None = None
    quantization: str | None = None
    spans: tuple[tuple[int, int], ...] = ()


@remembered(maxsize=10_000)
def names_in_part(part: str) -> PathNames:
    """What one part of a path names, without the ending of a file."""
    text = part[:_LONGEST]
    if _COMPARES.search(text):
        return PathNames()
    cards = [*_ANY_CARD.finditer(text)]
    gpu = count = None
    if len({_plain(card["gpu"]) for card in cards}) == 1:
        gpu = re.sub("[-_]", " ", cards[0]["gpu"])
        counts = {found for card in cards if (found := card["count"] or card["after"])}
        count = int(counts.pop()) if len(counts) == 1 else None
    engines = [*_ENGINE.finditer(text)]
    backend = _only({_ENGINES[found[0].lower()] for found in engines})
    quantizations = [*_QUANTIZATION.finditer(text)]
    quantization = _only({found[0].lower().replace("-", "_") for found in quantizations})
    said = [
        *(cards if gpu else []),
        *(engines if backend else []),
        *(quantizations if quantization else []),
    ]
    return PathNames(gpu, count, backend, quantization, tuple(sorted(found.span() for found in said)))


@remembered(maxsize=10_000)
def card_in_name(name: str) -> str | None:
    """The card that a name is, if it says nothing else: `RTX 4090`."""
    found = _CARD.fullmatch(name[:_LONGEST].strip())
    return found["gpu"] if found else None


def cards_in_text(text: str) -> dict[str, str]:
    """The cards that a text names, each as it is first written."""
    found: dict[str, str] = {}
    for card in _CARD.finditer(text):
        found.setdefault(_device(card["gpu"]), card["gpu"])
    return found


def engines_in_text(text: str) -> set[str]:
    """The engines that a text names."""
    return {_ENGINES[found[0].lower()] for found in _ENGINE.finditer(text)}


@remembered(maxsize=10_000)
def card_in_text(text: str) -> str | None:
    """The card that a text names; None if it names several, or none."""
    cards = cards_in_text(text[:_LONGEST])
    return next(iter(cards.values())) if len(cards) == 1 else None


@remembered(maxsize=10_000)
def card_in_path(path: str) -> tuple[str | None, int | None]:
    """The card that the file's name or the nearest folder's names, and how many; none if two parts disagree."""
    cards = [card for part in parts_of(path) for card in _CARD.finditer(part[:_LONGEST])]
    if any(map(_COMPARES.search, parts_of(path))):  # the other one may be a card that nothing knows
        return None, None
    if len({_plain(card["gpu"]) for card in cards}) != 1:
        return None, None
    counts = {found for card in cards if (found := card["count"] or card["after"])}
    return re.sub("[-_]", " ", cards[0]["gpu"]), int(counts.pop()) if len(counts) == 1 else None


def parts_of(path: str) -> Iterator[str]:
    """The file's name without its ending, and the folders from the nearest on."""
    *folders, file = path.split("/")
    yield file.rpartition(".")[0] or file
    yield from reversed(folders)


def _only(names: set[str]) -> str | None:
    return names.pop() if len(names) == 1 else None


def _device(gpu: str) -> str:
    """What tells a card from others, without its maker and its memory."""
    bare = re.sub(r"[-_ ]\d{2,3}gb?$", "", gpu, flags=re.IGNORECASE)
    return re.sub(r"nvidia|geforce|amd|radeon|instinct|apple|intel", "", _plain(bare))


def _plain(gpu: str) -> str:
    return re.sub(r"[\W_]+", "", gpu).casefold()
