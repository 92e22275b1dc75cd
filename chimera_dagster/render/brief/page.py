"""The page about a folder: the answer first, then why, and at the end what every sentence is based on."""

from chimera_dagster.notes.brief import Brief
from chimera_dagster.render.blocks import Page
from chimera_dagster.render.brief import sections
from chimera_dagster.render.brief.evidence import evidence
from chimera_dagster.render.brief.first_screen import first_screen

TITLE = "What your benchmarks say"


def brief_page(brief: Brief, files_at: str | None = None) -> Page:
    """`files_at` is the relative address of the reports folder, which ends in a slash; without it no file is linked."""
    blocks = (
        *first_screen(brief),
        *sections.performance(brief),
        *sections.findings(brief),
        *sections.recommendations(brief),
        *sections.risks(brief),
        *sections.not_measured(brief),
        *sections.files(brief),
        *evidence(brief, files_at),
    )
    return Page(TITLE, "en", blocks)


def answer_page(brief: Brief) -> Page:
    """The first screen alone; the evidence that its marks lead to is not there."""
    return Page(TITLE, "en", tuple(first_screen(brief)))
