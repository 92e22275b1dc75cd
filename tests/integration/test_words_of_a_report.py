"""Numbers by code, words by the model: in the model's sections no digit that code did not put in, whatever it says."""

import json
import unicodedata
from collections.abc import Generator
from typing import Any

import pytest
from markdown_it.token import Token

from chimera_dagster.records.documents import Metrics, Outcome
from tests.conftest import Project
from tests.desk import Desk, desk_in, saying
from tests.rendered import Element, Html, markdown_sections, texts
from tests.stub_ollama import Answer

SECTIONS = {
    "executive-summary": "1. Executive Summary",
    "optimisation-recommendations": "2. Optimisation Recommendations",
    "risks-and-mitigations": "3. Risks and Mitigations",
    "key-findings": "Key Findings",
    "recommendations": "Recommendations",
}
GOOD = [
    "The mean decode throughput of {M2} over all its runs is {F3}.",
    "The mean decode throughput of smollm2:135m over all its runs is { F3 } tok/s.",
    "The mean decode throughput of {M2} over all its runs is high (F3).",
    "Load the model before the first request {D1}, or keep it [D1].",
    "Keep {M1} and SmolLM2:135m loaded.",
]
OWN_FIGURES = [
    "The mean decode throughput of smollm2:135m over all its runs is 58.5 tok/s.",
    "Raise num_ctx to 4096.",
    "Keep ９ replicas, or ٣, or ⑨.",
    "Halve it: ½ is enough, as is x².",
    "Prefer llama3:8b on an H100.",
    "Of {F999} and {D999} there is nothing to say.",
    "See {F0} and {M9} and {F" + "1" * 5000 + "}.",
    "See https://example.com/1 first.",
    "smollm2:135mx is another model.",
]


@pytest.fixture(scope="module")
def desk(shared_project: Project) -> Generator[Desk]:
    with desk_in(shared_project.data, shared_project.reports) as desk:
        yield desk


def answer(*statements: str) -> Answer:
    """An answer of these statements, in every place that one can stand in."""
    said: dict[str, Any] = {
        "executive_summary": statements[::4],
        "key_findings": statements[1::4],
        "recommendations": {"throughput": statements[2::4], "ttft": [], "quality": []},
        "risks": [{"risk": each, "mitigation": "Measure it again."} for each in statements[3::4]],
    }
    return saying(json.dumps(said, ensure_ascii=False))


def has_digit(text: str) -> bool:
    return any(unicodedata.category(sign)[0] == "N" for sign in text)


def words_of_the_model(blocks: list[Element]) -> Generator[Element]:
    """The blocks of a section below a line that says they are in the model's words: a caption, if it is a table."""
    is_of_model = False
    for block in blocks:
        line = "".join(block.itertext()) if block.get("class") == "byline" else block.findtext("table/caption/span", "")
        is_of_model = line.startswith("In the words of ") if line else is_of_model
        if is_of_model and block.get("class") != "byline":
            yield block


def lines_of_the_model(tokens: list[Token]) -> Generator[Token]:
    """The same of a section of report.md."""
    is_of_model = False
    for token in tokens:
        if token.content.startswith(("_In the words of ", "_Stated by code_")):
            is_of_model = token.content.startswith("_In")
        elif is_of_model:
            yield token


def free_digits(page: Html, outcome: Outcome) -> list[str]:
    """Texts with a digit in the model's words: but figures beside their facts, links to these, and models' tags."""
    rendered = {fact.id: fact.rendered for fact in outcome.facts}
    anchors = {element.attrib["id"]: element for element in page.body.iter() if "id" in element.attrib}
    found: list[str] = []
    sections = page.sections()
    for section in SECTIONS:
        for block in words_of_the_model(sections[section]):
            for text, inside in texts(block):
                element, parent = inside[-1], inside[-2] if len(inside) > 1 else block
                if has_digit(text) and not (
                    element.tag == "span"  # the caption, which is by code
                    or _is_link(element, text, anchors)
                    or (element.tag == "code" and text.casefold() in {tag.casefold() for tag in outcome.report.models})
                    or (element.tag == "strong" and text == rendered.get(_next_link(parent, element)))
                ):
                    found.append(text)
    return found


def _is_link(element: Element, id_: str, anchors: dict[str, Element]) -> bool:
    """Whether it leads to the row or item that begins with this very id."""
    target = anchors.get(element.get("href", "").removeprefix("#"))
    return element.tag == "a" and target is not None and target.text == id_


def _next_link(parent: Element, element: Element) -> str:
    after = list(parent)[list(parent).index(element) + 1 :]
    return (after[0].text or "") if after and after[0].tag == "a" and element.tail == " (" else ""


def free_digits_of_markdown(report: str, outcome: Outcome) -> list[str]:
    rendered, found = {fact.rendered for fact in outcome.facts}, list[str]()
    for title in SECTIONS.values():
        for token in lines_of_the_model(markdown_sections(report)[title]):
            inside = ""
            for child in token.children or ():
                if child.type in ("strong_open", "link_open"):
                    inside = str(child.attrGet("href") or "strong")
                elif child.type in ("strong_close", "link_close"):
                    inside = ""
                elif has_digit(child.content) and not _is_put_in(child, inside, rendered, outcome.report.models):
                    found.append(child.content)
    return found


def _is_put_in(child: Token, inside: str, rendered: set[str], models: tuple[str, ...]) -> bool:
    if child.type == "code_inline":
        return child.content.casefold() in {tag.casefold() for tag in models}
    return child.content in rendered if inside == "strong" else inside in ("#evidence", "#findings")


def run(desk: Desk, said: Answer, **spec: Any) -> tuple[Metrics, Outcome, Html, str]:
    metrics = desk.run(said, after=1, **spec)
    folder = desk.render(**spec)
    outcome = Outcome.model_validate_json(folder.outcome.read_text())
    return metrics, outcome, Html(folder.page.read_text()), folder.report.read_text()


@pytest.mark.parametrize("policy", ["strict", "annotate"])
def test_every_digit_in_the_models_words_was_put_in_by_code(desk: Desk, policy: str) -> None:
    _, outcome, page, report = run(desk, answer(*GOOD, *OWN_FIGURES), grounding=policy)
    assert free_digits(page, outcome) == []
    assert free_digits_of_markdown(report, outcome) == []
    sections = page.sections()
    shown = "".join(
        "".join(block.itertext()) for section in SECTIONS for block in words_of_the_model(sections[section])
    )
    fact = next(fact for fact in outcome.facts if fact.id == "F3")
    assert f"over all its runs is {fact.rendered} (F3)." in shown
    assert "tok/s (F3) tok/s" not in shown
    assert "Load the model before the first request (D1), or keep it (D1)." in shown
    statements = outcome.report.answer.statements
    own = {it.text for it in statements if "figure that the model wrote" in it.claims[-1].reason}
    assert own == {" ".join(text.split()) for text in OWN_FIGURES}
    assert not [text for text in own if text in shown]
    [withheld] = [block for block in sections["withheld"] if block.find("table") is not None]
    # advice that a prompt has too: how much of the analysis and of the form it has, its length says
    repeated = sum("Measure it again." in stage.prompt for stage in (outcome.analysis, outcome.report))
    assert len(list(withheld.iter("tr"))) == 1 + 2 * len(OWN_FIGURES) + repeated  # of both stages


def test_true_figures_of_the_models_own_are_withheld_with_their_reason(desk: Desk) -> None:
    facts = desk.store.read_table("facts")
    mean = facts[(facts["kind"] == "model_mean") & (facts["unit"] == "tok/s")].iloc[0]
    text = f"The mean decode throughput of {mean['model']} over all its runs is {mean['value']:.1f} tok/s."
    metrics, outcome, page, _ = run(desk, answer(text))
    [statement] = outcome.report.answer.statements
    *found, last = (claim.verdict for claim in statement.claims)
    assert (set(found), last) == ({"supported"}, "void")  # the evidence says the same
    assert "a figure that the model wrote itself" in statement.reason
    assert (statement.verdict, statement.shown) == ("void", False)
    assert free_digits(page, outcome) == []
    assert metrics.text_quality.verdict == "not usable"
    reasons = "".join("".join(block.itertext()) for block in page.sections()["withheld"])
    assert f"{mean['value']:.1f}: a figure that the model wrote itself" in reasons


@pytest.mark.parametrize(
    "text",
    [
        '{"executive_summary": [], "key_findings": [], "recommendations": {}, "risks": []}',
        "รายงานนี้สรุปผลการทดสอบ โมเดลเร็วมากและดีมาก ควรใช้งานต่อไป",
        '{"executive_summary": ["โมเดลนี้เร็วที่สุดในการทดสอบทั้งหมด"], "risks": 3, "recommendations": "?"}',
        ']]}{{ <<< ,,,, ```json {"a": [[[[[',
        "the the the the the the the the the the the the the the the the the the the the",
    ],
    ids=["empty lists", "Thai", "Thai in JSON", "garbage", "one word"],
)
def test_a_hopeless_answer_leaves_all_that_code_says_and_a_verdict_at_the_top(desk: Desk, text: str) -> None:
    metrics, outcome, page, report = run(desk, saying(text))
    assert metrics.text_quality.verdict == "not usable"
    sections = page.sections()
    by_code = ("workflow-summary", "metrics", "by-configuration", "methodology", "configuration-and-environment")
    for section in (*SECTIONS, *by_code, "evidence", "verification", "persona-prompt"):
        assert "".join("".join(block.itertext()) for block in sections[section]).strip(), section
    evidence = "".join("".join(block.itertext()) for block in sections["evidence"])
    assert outcome.facts
    assert all(fact.statement in evidence and fact.rendered in evidence for fact in outcome.facts)
    assert len(page.charts()) == 5
    top = "".join("".join(block.itertext()) for block in sections["technical-report"])
    assert "of 1, not usable" in top
    assert report.index("of 1, not usable") < report.index("### 1. Executive Summary")
    for section in SECTIONS:
        assert "Stated by code" in "".join("".join(block.itertext()) for block in sections[section]), section
    assert free_digits(page, outcome) == []
