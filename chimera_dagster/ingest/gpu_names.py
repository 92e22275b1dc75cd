"""Names of GPUs, which stand in tables where models may stand, too: `NVIDIA_GB10`, `RTX 4090`, `5070 Ti`."""

import re

_MAKERS = "nvidia|kunlun|hygon|ascend|geforce|radeon|[rg]tx|quadro|tesla"
_CHIPS = r"gb(?:10|200|300)|[ahb][12]00|h20|l40s?|l4|t4|v100|a10g?|mi\d{3}x?|mlu\d{3}|gaudi[23]?"
_CARDS = r"[2-5]0[5-9]0(?:[ _-]?(?:ti|super|d)){0,2}"  # a number alone, as people call their cards
_NAMED = re.compile(rf"(?<![^\W_])(?:{_MAKERS}|{_CHIPS})(?![^\W_])", re.IGNORECASE | re.ASCII)
_CARD = re.compile(_CARDS, re.IGNORECASE | re.ASCII)


def is_card(text: str) -> bool:
    """Whether a text is the number of a card and nothing else: `4090`, `5070 Ti`."""
    return _CARD.fullmatch(text.strip()) is not None


def names_gpu(text: str) -> bool:
    """Whether a text names a GPU."""
    return _NAMED.search(text) is not None or is_card(text)
