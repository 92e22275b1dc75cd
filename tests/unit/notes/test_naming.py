import pytest

from chimera_dagster.notes.naming import every
from chimera_dagster.notes.phrase import plain


@pytest.mark.parametrize(
    ("amount", "said"), [(1, "the only run"), (2, "both runs"), (3, "all 3 runs"), (1_200, "all 1,200 runs")]
)
def test_all_of_two_are_both(amount: int, said: str) -> None:
    assert plain(every(amount, "run")) == said
