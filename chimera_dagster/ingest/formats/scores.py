"""Which metric of the vocabulary a benchmark's score is."""

import re

_ACCURACY = re.compile(r"acc(?:_\w++)?+|\w*?_acc|accuracy|exact_match|em|pass@\d++(?::\S++)?+")
_LESS_IS_BETTER = re.compile(r"bits_per_byte|ter|brier_score|\w*?loss|\w*?error_rate|wer|cer|mse|rmse|mae")


def metric_of(name: str, more_is_better: bool | None) -> str:
    """The metric of a score by its name; what the file says of its direction comes before what it is known for."""
    if name.endswith("perplexity"):
        return "perplexity"
    if more_is_better is False or (more_is_better is None and _LESS_IS_BETTER.fullmatch(name)):
        return "error_score"
    return "accuracy" if _ACCURACY.fullmatch(name) else "score"
