"""Facts made by hand."""

from chimera_dagster.evidence.fact import Fact


def fact(number: str, text: str, rendered: str) -> Fact:
    source = ("a.csv", "row 1")
    return Fact(number, text, rendered, 1, *source, statement=f"{text}: {rendered} (n=1)", sources=(source,))
