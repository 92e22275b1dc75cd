"""What code states on a report's page: each note once, and something in every section whatever the trial has."""

import json
from typing import Any

import pytest

from chimera_dagster.align.kept_note import KeptNote, Part
from chimera_dagster.records.documents import Outcome
from chimera_dagster.records.trial_files import Recorded, read_recorded
from chimera_dagster.render.blocks import Inlines
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.render.report.stated import Stated, stated
from chimera_dagster.render.report.trial_report import build_trial_report
from chimera_dagster.steps.checks import structure
from chimera_dagster.steps.report import render_trial
from tests.desk import Desk, saying

SECTIONS = ("answer", "performance", "findings", "recommendations", "risks", "not_measured", "files")


def note(number: int, section: str, weight: float = 10.0) -> KeptNote:
    return KeptNote(
        id=f"N{number}",
        section=section,
        kind="planted",
        weight=weight,
        text=(Part(f"{section} says {number}, of "), Part("m:7b", "model"), Part(".")),
        mitigation=(Part(f"Do {number}."),) if section == "risks" else (),
        certainty="holds" if section == "performance" else None,
        n=9,
        files=2,
        findings=(),
        facts=(),
        sources=(("a.csv", "row 1"),),
    )


NOTES = [
    note(1, "answer", 200.0),
    note(2, "performance", 150.0),
    note(3, "performance"),
    note(4, "findings"),
    *(note(number, "recommendations") for number in range(5, 10)),
    note(10, "risks"),
    note(11, "not_measured"),
    note(12, "files"),
]


@pytest.fixture(scope="module")
def recorded(desk: Desk) -> Recorded:
    """A trial of a model that said nothing."""
    desk.run(saying('{"executive_summary": []}'), after=1)
    return read_recorded(desk.store, desk.plan())


def by_code(recorded: Recorded, notes: list[KeptNote], **changes: object) -> Stated:
    return stated(recorded.metrics, recorded.outcome.model_copy(update={"notes": notes} | changes))


def text(parts: Inlines) -> str:
    return "".join(part.text for part in parts if hasattr(part, "text"))  # pyright: ignore


def texts(items: list[Inlines]) -> list[str]:
    return [text(each) for each in items]


def test_each_note_stands_in_its_section_once(recorded: Recorded) -> None:
    said = by_code(recorded, NOTES)
    assert texts(said.summary) == ["answer says 1, of m:7b.¹", "performance says 2, of m:7b.²"]
    assert [each.id for each in said.found] == ["N3", "N4"]
    assert said.findings == []
    assert [line.split(",")[0] for line in texts(said.advice)] == [f"recommendations says {n}" for n in (5, 6, 7)]
    further = [line.split(",")[0] for line in texts(said.further)]
    assert further[:2] == ["recommendations says 8", "not_measured says 11"]
    assert not any("says 9" in line for line in further)  # the appendix has it
    first, second = ((text(risk), text(mitigation)) for risk, mitigation in said.risks)
    assert first == ("risks says 10, of m:7b.¹⁰", "Do 10.")
    assert second[0] == "Nothing that smollm2:135m wrote can be checked against the files."
    assert texts(said.files) == ["files says 12, of m:7b.¹²"]


def test_what_is_missing_comes_from_the_trial_itself(recorded: Recorded) -> None:
    said = by_code(recorded, NOTES[:2])
    assert texts(said.further) == ["Set repeats: 3 or more before you compare this trial with another."]
    assert texts(said.advice) == ["Try a larger model for the words of a report: this text is not usable."]
    assert len(said.risks) == max(2, min(4, sum(each.severity == "warning" for each in recorded.outcome.findings)))


def test_a_trial_of_an_earlier_version_has_facts_and_findings_in_their_place(recorded: Recorded) -> None:
    said = by_code(recorded, [])
    fact, finding = recorded.outcome.facts[0], recorded.outcome.findings[0]
    assert texts(said.summary)[0] == f"{fact.statement.capitalize()} ({fact.id})."
    assert texts(said.findings)[0] == f"{finding.text} ({finding.id})"


def test_nothing_at_all_is_said_so(recorded: Recorded) -> None:
    said = by_code(recorded, [], facts=[], findings=[])
    assert texts(said.summary) == texts(said.findings) == ["The files say nothing here that can be stated."]
    assert len(said.risks) == 2
    assert said.further


@pytest.mark.parametrize("verdict", ["good", "usable with care", "not usable"])
def test_code_adds_what_a_usable_text_lacks_and_leads_another(desk: Desk, verdict: str) -> None:
    advice = {"throughput": "Prefer {M2} for long answers.", "ttft": "Keep {M1} loaded.", "quality": ""}
    spec: dict[str, Any] = {"grid": {"num_ctx": [2048]}}
    desk.run(saying(json.dumps({"recommendations": advice})), after=1, **spec)
    metrics, outcome, samples = read_recorded(desk.store, desk.plan(**spec))
    quality = metrics.text_quality.model_copy(update={"verdict": verdict})
    metrics = metrics.model_copy(update={"text_quality": quality})
    outcome = outcome.model_copy(update={"notes": NOTES})
    page = build_trial_report(desk.plan(**spec), metrics, outcome, samples, desk.store.runs)
    section = to_markdown(page).split("### 2. Optimisation Recommendations")[1].split("###")[0]
    found = [line for line in section.splitlines() if line]
    model, code = "_In the words of `smollm2:135m`", "_Stated by code_"
    if verdict == "not usable":
        caution = "; as a whole, this text is not usable_"
        assert [line for line in found if line.startswith("_")] == [code, f"{model}{caution}"]
        assert [line[:2] for line in found[1:4]] == ["1.", "2.", "3."]
        assert found[5] == "4. **Throughput:** Prefer `smollm2:135m` for long answers."
    else:
        assert [line for line in found if line.startswith("_")] == [f"{model}_", code]
        assert found[1] == "1. **Throughput:** Prefer `smollm2:135m` for long answers."
        assert found[4].startswith("3. recommendations says 5")
        assert len(found) == 5


@pytest.mark.parametrize("notes", [NOTES, []], ids=["notes", "no notes"])
def test_no_section_of_a_report_is_empty(desk: Desk, recorded: Recorded, notes: list[KeptNote]) -> None:
    folder = desk.store.folder_of(desk.plan().trial)
    as_it_was = folder.outcome.read_text()
    without = recorded.outcome.model_copy(update={"notes": notes}).model_dump(mode="json")
    if not notes:
        del without["notes"]  # as an earlier version wrote it
    try:
        folder.outcome.write_text(Outcome.model_validate(without).model_dump_json())
        path, outcome = render_trial(desk.store, desk.plan())
    finally:
        folder.outcome.write_text(as_it_was)
    missing = str(structure(path.read_text(), outcome).evidence["missing"]).splitlines()
    assert missing == ["an executive summary", "3 of 3 recommendations", "2 of 2 risks with a mitigation"]
