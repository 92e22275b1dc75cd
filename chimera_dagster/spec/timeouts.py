"""How long a model call may take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a call may take; `first_token_s` also covers loading the model."""

    first_token_s: float = 120.0
    between_tokens_s: float = 30.0
    total_s: float = 600.0
