"""The checks of a trial: each passes, and each fails for what it is there for."""

import re
from typing import Any

import pytest

from chimera_dagster.records.documents import Metrics
from chimera_dagster.records.trial_files import Recorded, read_recorded
from chimera_dagster.steps import checks
from chimera_dagster.steps.report import render_trial
from tests.desk import Desk


@pytest.fixture(scope="module")
def recorded(desk: Desk) -> Recorded:
    desk.run()
    return read_recorded(desk.store, desk.plan())


def aligned(recorded: Recorded, **sentences: int) -> Metrics:
    counts = recorded.metrics.alignment.sentences | sentences
    found = recorded.metrics.alignment.model_copy(update={"sentences": counts})
    return recorded.metrics.model_copy(update={"alignment": found})


@pytest.mark.parametrize(
    ("sentences", "passed", "said"),
    [
        ({"stands": 2, "replaced": 1, "withheld": 1}, True, "2 of 4 sentences that state something stand"),
        ({"stands": 1, "replaced": 1, "withheld": 1}, False, "1 of 3 sentences"),
        ({"stands": 3, "replaced": 0, "withheld": 0, "view": 5, "filler": 9}, True, "3 of 3 sentences"),
        ({"stands": 0, "replaced": 0, "withheld": 0, "view": 5, "filler": 9}, False, "stated nothing"),
    ],
)
def test_fidelity_needs_half_of_what_states_something(
    recorded: Recorded, sentences: dict[str, int], passed: bool, said: str
) -> None:
    check = checks.fidelity(aligned(recorded, **sentences))
    assert check.passed is passed
    assert said in check.message
    assert {name: check.evidence[name] for name in sentences} == sentences


def with_quality(recorded: Recorded, component: str, value: float, **changes: Any) -> Metrics:
    quality = recorded.metrics.text_quality
    found = [
        each.model_copy(update={"value": value, "reason": "" if value == 1 else "it drifts"})
        if each.name == component
        else each
        for each in quality.components
    ]
    return recorded.metrics.model_copy(
        update={"text_quality": quality.model_copy(update={"components": found} | changes)}
    )


def test_language_has_to_be_english_throughout(recorded: Recorded) -> None:
    assert checks.language(with_quality(recorded, "fluency", 1.0)).passed
    check = checks.language(with_quality(recorded, "fluency", 0.99))
    assert (check.passed, check.message, check.evidence) == (False, "It drifts.", {"value": 0.99})


@pytest.mark.parametrize(("verdict", "passed"), [("good", True), ("usable with care", True), ("not usable", False)])
def test_the_floor_of_quality_is_what_can_be_used_with_care(recorded: Recorded, verdict: str, passed: bool) -> None:
    metrics = with_quality(recorded, "form", 0.5, verdict=verdict, complaints=["it is short"])
    check = checks.quality_floor(metrics)
    assert check.passed is passed
    assert (check.evidence["form"], check.evidence["complaints"]) == (0.5, "it is short")


def test_structure_misses_a_section_that_is_gone_or_out_of_its_place(desk: Desk, recorded: Recorded) -> None:
    path, outcome = render_trial(desk.store, desk.plan())
    text = path.read_text()
    whole = checks.structure(text, outcome).evidence.get("missing", "")
    assert not [section for section in checks.SECTIONS if section in str(whole)]
    for section in checks.SECTIONS:
        other = re.sub(rf"^(##+ (?:\d\. )?){section}$", r"\1Other", text, flags=re.M)
        missing = str(checks.structure(other, outcome).evidence["missing"])
        assert [each for each in missing.splitlines() if each in checks.SECTIONS] == [section]
        empty = re.sub(rf"^(##+ (?:\d\. )?{section}\n).*?(?=^##|\Z)", r"\1\n", text, flags=re.M | re.S)
        missing = str(checks.structure(empty, outcome).evidence["missing"])
        assert f"the content of {section}" in missing.splitlines()
    before, _, after = text.partition("## Key Findings")
    swapped = checks.structure(f"## Key Findings{after}\n{before}", outcome)
    assert "Key Findings" in str(swapped.evidence["missing"]).splitlines()


def test_structure_wants_the_sections_of_the_model_filled(recorded: Recorded) -> None:
    outcome = recorded.outcome
    answer = outcome.report.answer
    fallen = tuple(each.model_copy(update={"outcome": "withheld", "notes": ()}) for each in answer.sentences)
    nothing_shown = outcome.report.model_copy(update={"answer": answer.model_copy(update={"sentences": fallen})})
    check = checks.structure("", outcome.model_copy(update={"report": nothing_shown}))
    assert str(check.evidence["missing"]).splitlines() == [
        *checks.SECTIONS,
        "an executive summary",
        "3 of 3 recommendations",
        "2 of 2 risks with a mitigation",
    ]
