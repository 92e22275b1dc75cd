"""A table is checked as pandera checks it, only sooner."""

import pandas as pd
import pytest
from pandera.errors import SchemaErrors
from pandera.pandas import Field
from pandera.typing import Series

from chimera_dagster.schemas import Table, Text, checked


class Pupils(Table):
    name: Series[Text] = Field(unique=True)
    form: Series[Text] = Field(isin=("a", "b"), nullable=True)
    age: Series[int] = Field(ge=0)


class Rounded(Table):
    age: Series[int] = Field(coerce=True)


def pupils(**changes: object) -> pd.DataFrame:
    columns = {"name": ["Ada", "Eva"], "form": ["a", None], "age": [7, 8]} | changes
    return pd.DataFrame({name: values for name, values in columns.items() if values is not None})


def test_what_keeps_every_rule_is_given_back() -> None:
    frame = pupils()
    assert checked(frame, Pupils) is frame


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ["Ada", "Ada"]},
        {"name": ["Ada", None]},
        {"name": [1, 2]},
        {"form": ["a", "c"]},
        {"form": None},
        {"age": [7, -1]},
        {"age": [7.0, 8.0]},
        {"size": [1, 2]},
    ],
)
def test_what_breaks_a_rule_is_named_as_pandera_names_it(changes: dict[str, object]) -> None:
    with pytest.raises(SchemaErrors) as expected:
        Pupils.validate(pupils(**changes), lazy=True)
    with pytest.raises(SchemaErrors) as raised:
        checked(pupils(**changes), Pupils)
    assert str(raised.value) == str(expected.value)


def test_columns_in_another_order_are_refused() -> None:
    with pytest.raises(SchemaErrors):
        checked(pupils()[["form", "name", "age"]], Pupils)


def test_rules_that_are_not_of_a_column_alone_are_left_to_pandera(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[pd.DataFrame] = []
    monkeypatch.setattr(Rounded, "validate", lambda frame, lazy: asked.append(frame))
    checked(pd.DataFrame({"age": [7]}), Rounded)
    assert len(asked) == 1
