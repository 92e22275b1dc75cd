"""What may be decoded, and what may not: the patterns as the regular expressions that they are."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chimera_dagster.write.answer_schema import Schema, WordCount, analysis_schema, report_schema, statement_pattern
from chimera_dagster.write.quality import WORDS

IDS = ["F1", "F2", "F10", "D1", "M1", "M2"]
PATTERN = statement_pattern(IDS, WordCount(4, 12))
CITING = statement_pattern(IDS, WordCount(5, 16), must_cite=True)


@pytest.mark.parametrize(
    "statement",
    [
        "The mean throughput of {M1} is {F1}.",
        "In all there are {F10} of them.",
        "{M2} is a fast model, I see.",
        "Its trade-off is bad, see {D1}; the model’s window matters.",
        "This naïve mean is high.",
    ],
)
def test_a_statement_is_latin_words_and_ids_that_were_shown(statement: str) -> None:
    assert re.fullmatch(PATTERN, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "The mean throughput is 104.",
        "The mean throughput is １０４.",
        "The throughput of gemma3 is {F1}.",
        "The mean throughput is {F3}.",
        "The mean throughput is {F100}.",
        "The mean throughput is {M3}.",
        "The mean throughput is.{F1}",
        "The mean {throughput} is high.",
        "The mean throughput is เกม.",
        "The mean throughput is быстрый.",
        "The <b>mean</b> throughput is {F1}.",
        "The **mean** throughput is {F1}.",
        "The mean `throughput` is {F1}.",
        "# The mean throughput is {F1}.",
        "The mean | throughput | is {F1}.",
        "The [mean](x) throughput is {F1}.",
        'The mean "throughput" is {F1}.',
        "The mean\\nthroughput is {F1}.",
        "The mean\nthroughput is {F1}.",
        "The mean  throughput is {F1}.",
        "the mean throughput is {F1}.",
        "The mean throughput is {F1}",
        "It is slow. It is late.",
        "Too short.",
        "The mean is {F1} {F2} in all.",
        "The mean is {F1}, {F2} in all.",
        "{F1} runs were measured in all.",
        "The mean of them is {F1} and it is {F1} and it is {F1} and it is {F1}.",
        "The mean “throughput” is {F1}.",
        "The key_findings are high.",
        "The mean of them is {F1} {F2} in all.",
        "F D M is the mean.",
        "The mean throughput is high!",
        "The of of of of of of of of of of of of.",
        f"The mean throughput is {'a' * 21}.",
        "",
    ],
)
def test_nothing_else_is_a_statement(statement: str) -> None:
    assert not re.fullmatch(PATTERN, statement)


@pytest.mark.parametrize(
    ("statement", "cites"),
    [
        ("The throughput of {M1} is {F1}.", True),
        ("As {D1} says, the context matters.", False),  # too early: nothing was said that it could be cited for
        ("We know {D1} the context matters.", False),
        ("We know from {D1}, the context matters.", True),
        ("The throughput of {M1} is high.", False),
        ("The throughput of {M1} is {F3}.", False),
    ],
)
def test_a_key_finding_must_cite_and_a_models_name_is_no_citation(statement: str, cites: bool) -> None:
    assert bool(re.fullmatch(CITING, statement)) is cites


@settings(deadline=None)
@given(st.sets(st.integers(1, 300), min_size=1))
def test_exactly_the_ids_that_were_shown_match(numbers: set[int]) -> None:
    pattern = re.compile(statement_pattern([f"F{number}" for number in numbers], WordCount(1, 2)))
    assert {number for number in range(1_000) if pattern.fullmatch(f"See {{F{number}}}.")} == numbers


def test_a_hundred_ids_take_few_alternatives() -> None:
    few, many = (statement_pattern([f"F{n}" for n in range(1, last + 1)], WordCount(1, 2)) for last in (9, 100))
    assert len(many) < 2 * len(few)


@pytest.mark.parametrize("schema", [analysis_schema(IDS), report_schema(IDS)])
def test_patterns_stay_within_the_subset_that_grammar_compilers_take(schema: Schema) -> None:
    for pattern in (each["pattern"] for each in schema["$defs"].values()):
        assert pattern.startswith("^") and pattern.endswith("$")
        assert not re.search(r"\(\?|\\[^{}]", pattern)  # no lookaround, no \d, no escape but of braces
        classes = "".join(re.findall(r"\[[^]]*\]", pattern))
        assert not set('"\\') & set(classes)  # it is matched against raw JSON, where these would end or escape
        assert re.sub(r"\[[^]]*\]", "", pattern).isascii()  # of other signs only the last byte would be repeated
    assert json.loads(json.dumps(schema)) == schema


def test_a_report_can_be_as_long_as_the_persona_asks_and_has_its_parts() -> None:
    schema = report_schema(IDS)
    sections = schema["properties"]
    aims = sections["recommendations"]["properties"]
    assert list(aims) == sections["recommendations"]["required"] == ["throughput", "ttft", "quality"]
    assert sections["risks"]["minItems"] == 2
    statements = sections["executive_summary"]["maxItems"] + sum(aim["maxItems"] for aim in aims.values())
    cells = 2 * sections["risks"]["maxItems"]
    assert 16 * statements + 12 * cells > WORDS.start - 40  # words before the first ids alone
    assert "{4,15}" in schema["$defs"]["statement"]["pattern"]
    assert "{3,11}" in schema["$defs"]["cell"]["pattern"]


def test_every_part_of_an_analysis_is_asked_for_in_its_order() -> None:
    schema = analysis_schema(IDS)
    assert schema["required"] == ["executive_summary", "key_findings", "recommendations", "risks"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["key_findings"]["items"] == {"$ref": "#/$defs/finding"}
