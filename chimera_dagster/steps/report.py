"""The asset `rendered_report`: a trial's report as Markdown and as one HTML page."""

from pathlib import Path

from chimera_dagster.records.documents import Outcome, StageText
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import metrics_digest, read_recorded, write_report
from chimera_dagster.render.blocks import Block, Bullets, Note, Paragraph, Table
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.render.markdown_writer import blocks_to_markdown, to_markdown, without_links
from chimera_dagster.render.report.model_words import BY_CODE, ModelWords, written
from chimera_dagster.render.report.trial_report import build_trial_report
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.write.answer import SECTIONS


def readable_texts(outcome: Outcome) -> dict[str, str]:
    """What of a trial's two texts is shown, as Markdown, by the asset that holds them."""
    texts = {"llm_analysis": outcome.analysis, "llm_report": outcome.published}
    return {asset: _readable(outcome, text) for asset, text in texts.items()}


def _readable(outcome: Outcome, text: StageText) -> str:
    words = ModelWords(outcome.notes, text.answer)
    paragraphs = [Paragraph(written(each)) for each in words.blocks(*SECTIONS)]
    rows = tuple((written(risk), written(mitigation) or "–") for risk, mitigation in words.risks())
    blocks: list[Block] = [*paragraphs, *([Table(("risk", "mitigation"), rows, "Risks")] if rows else [])]
    if views := words.views(*SECTIONS):
        blocks.append(Note("view", (Bullets(views),)))
    nothing = Paragraph("Nothing of what the model wrote can be shown.")
    legend = Paragraph(f"{BY_CODE} marks sentences that code put in the place of the model's.")
    return without_links(blocks_to_markdown([*blocks, legend] if blocks else [nothing]))


def render_trial(store: Store, plan: TrialPlan) -> tuple[Path, Outcome]:
    """Write a trial's report.html and report.md; returns the path of the latter and the outcome that it shows.

    Raises UnknownTrialError, DamagedFileError.
    """
    folder = store.folder_of(plan.trial)
    shown = metrics_digest(folder)  # before it is read, so that a report is never taken for one of newer metrics
    recorded = read_recorded(store, plan)
    page = build_trial_report(plan, *recorded, folder.path)
    write_report(folder, to_html(page), to_markdown(page), shown)
    return folder.report, recorded.outcome
