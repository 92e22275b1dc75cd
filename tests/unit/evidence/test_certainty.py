from chimera_dagster.evidence.certainty import Certainty, strongest
from chimera_dagster.schemas import CERTAINTIES


def test_the_strongest_is_the_first_in_the_order_of_the_enum():
    assert strongest([Certainty.TIE, Certainty.PLAIN, Certainty.IN_SESSION]) is Certainty.IN_SESSION
    assert strongest([Certainty.PLAIN, Certainty.TIE]) is Certainty.TIE
    assert strongest([]) is None


def test_the_table_allows_what_a_finding_can_have():
    assert tuple(Certainty) == CERTAINTIES
