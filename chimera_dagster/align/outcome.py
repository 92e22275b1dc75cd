"""What a passage of a model's text is, and what became of it."""

from typing import Literal, NamedTuple

Outcome = Literal["stands", "replaced", "view", "filler", "withheld"]


class Passage(NamedTuple):
    """One sentence and where it stands: sentences of one paragraph, list item or table row share a `block`.

    `text` is one line without inline Markdown marks. A block is the context for "it" and "the former".
    """

    text: str
    block: int


class Aligned(NamedTuple):
    """`notes` are ids: of those that a standing sentence restates, or of the one whose wording replaces it.

    `reason` says in plain English why the sentence does not stand; it is empty if it does.
    """

    outcome: Outcome
    notes: tuple[str, ...] = ()
    reason: str = ""
