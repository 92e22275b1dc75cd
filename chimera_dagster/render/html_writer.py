"""A page as one HTML file that needs nothing else, with a policy under which nothing else could load.

What it looks like is in templates/: page.html.j2 is the document, blocks.html.j2 has a macro for each kind of block.
Only a page with an interactive table has a script, templates/page.js, which the policy names by its digest.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chimera_dagster.render.blocks import Page, Table, headings
from chimera_dagster.render.visible_text import reads_from_right, visible


def to_html(page: Page) -> str:
    """The whole document; the same page is the same text."""
    script = _source("page.js") if any(isinstance(block, Table) and block.interactive for block in page.blocks) else ""
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            sections=[heading for heading in headings(page.blocks) if heading.level == 2 and heading.anchor],
            style=_source("page.css"),
            script=script,
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("chimera_dagster.render"),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"attribute": _attribute, "kind": _kind}
    return environment


@cache
def _source(name: str) -> Markup:
    return Markup(files("chimera_dagster.render").joinpath("templates", name).read_text(encoding="utf-8"))


def _finalize(value: object) -> object:
    """What a template writes, before it is escaped: letters that run from the right can't reorder what is around them.

    Every expression in a template passes here, so that no text is forgotten.
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    if value.isascii() and value.isprintable():  # most texts, checked first as there are thousands
        return value
    text = visible(value)
    return Markup("<bdi>{}</bdi>").format(text) if reads_from_right(text) else text


def _attribute(text: str) -> Markup:
    """Text as the value of an attribute, which can have no <bdi>."""
    return Markup.escape(visible(text))


def _kind(part: object) -> str:
    return type(part).__name__
