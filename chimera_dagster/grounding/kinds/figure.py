"""Every figure of a clause that no comparison has taken, as the kind of claim that it is."""

from collections.abc import Iterator

from chimera_dagster.grounding.claim import Claim, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.kinds.citation import cited
from chimera_dagster.grounding.kinds.count import counted, n_claim, noun_of
from chimera_dagster.grounding.kinds.typed import Typed, typed_of
from chimera_dagster.grounding.kinds.value import is_of_each, of_each, valued


def figure_claims(clause: Clause) -> Iterator[Claim]:
    """A claim for every figure of the clause that no comparison has taken."""
    for mention in clause.of("figure"):
        yield unsupported("figure", mention.text, "a figure that says nothing about what it is")
    left = [each for each in clause.figures if id(each) not in clause.used]
    values = [each for each in left if not noun_of(clause, each)]
    typed: list[Typed] = []
    for mention in left:
        if mention in values:
            of = typed_of(clause, mention, values)
            typed.append(of)
            if is_of_each(clause, of):
                yield of_each(clause, mention, of)
            else:
                yield from (cited(clause, mention, of) if mention.fact else valued(clause, mention, of))
    for mention in left:
        if mention not in values:
            yield counted(clause, mention, typed)
    for mention in clause.of("n"):
        yield n_claim(clause.index, mention.text, mention.values[0], typed[0] if typed else None, clause)
