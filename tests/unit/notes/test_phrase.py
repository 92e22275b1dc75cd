import pytest

from chimera_dagster.notes.phrase import (
    Name,
    Number,
    Words,
    capital,
    count,
    joined,
    listed,
    model,
    number,
    numbers_of,
    phrase,
    plain,
    share,
)


def test_fields_keep_what_they_are():
    said = phrase("{a} decodes {x}, {b} too.", a=model("m:7b"), x=number(57.24, "tok/s"), b="another")
    assert said == (Name("m:7b"), Words(" decodes "), Number("57.2 tok/s", 57.24, "tok/s"), Words(", another too."))
    assert plain(said) == "`m:7b` decodes 57.2 tok/s, another too."
    assert numbers_of(said) == [Number("57.2 tok/s", 57.24, "tok/s")]


def test_a_name_with_braces_is_not_a_template():
    assert plain(phrase("{a} runs", a=model("x{y}"))) == "`x{y}` runs"


def test_a_template_and_its_parts_have_to_fit():
    with pytest.raises(KeyError, match="b"):
        phrase("{a} and {b}", a="x")
    with pytest.raises(ValueError, match=r"has no field b\.$"):
        phrase("{a}", a="x", b="y")


@pytest.mark.parametrize(("amount", "said"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1240, "1,240 runs")])
def test_counts_have_their_plural(amount, said):
    assert plain(count(amount, "run")) == said


def test_a_plural_that_is_not_regular_is_given():
    assert plain(count(2, "query", "queries")) == "2 queries"


@pytest.mark.parametrize(
    ("names", "said"), [([], ""), (["a"], "`a`"), (["a", "b"], "`a` and `b`"), (["a", "b", "c"], "`a`, `b` and `c`")]
)
def test_names_are_listed(names, said):
    assert plain(listed([(model(name),) for name in names])) == said


def test_joining_leaves_out_what_is_empty():
    assert plain(joined([(), phrase("One."), (), phrase("Two.")])) == "One. Two."


def test_a_sentence_begins_with_a_capital_unless_a_name_comes_first():
    assert plain(capital(phrase("once loaded, {a} runs", a=model("m")))) == "Once loaded, `m` runs"
    assert plain(capital(phrase("{a} runs", a=model("m")))) == "`m` runs"


def test_a_share_is_a_percentage():
    assert share(0.1234) == Number("12 %", 12.34, "%")
