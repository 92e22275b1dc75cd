"""A page as one HTML file that needs nothing else, with a policy under which nothing else could load.

What it looks like is in templates/: page.html.j2 is the document, blocks.html.j2 has a macro for each kind of block.
Only a page with an interactive table has a script, templates/page.js, which the policy names by its digest.
"""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chimera_dagster.render.blocks import Heading, Page, Part, Table, flat, headings
from chimera_dagster.text.foreign import reads_from_right, visible

_FEWEST = 3  # sections that need a list of contents


def to_html(page: Page) -> str:
    """The whole document; the same page is the same text."""
    has_script = any(isinstance(block, Table) and block.interactive for block in flat(page.blocks))
    script = _source("page.js") if has_script else ""
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            sections=_sections(page),
            style=_source("page.css"),
            script=script,
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def _sections(page: Page) -> list[tuple[Heading, list[Heading]]]:
    """Each heading of level 2 that can be linked to, and below that of a part its headings of level 3.

    Empty if there are too few to need a list of contents.
    """
    parts = {block.heading: block for block in page.blocks if isinstance(block, Part)}
    found = [
        (heading, _below(parts[heading]) if heading in parts else [])
        for heading in headings(page.blocks)
        if heading.level == 2 and heading.anchor
    ]
    return found if sum(1 + len(below) for _, below in found) >= _FEWEST else []


def _below(part: Part) -> list[Heading]:
    return [heading for heading in headings(part.blocks) if heading.level == 3 and heading.anchor]


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
    environment.filters |= {"attribute": _attribute, "json": _json, "kind": _kind}
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


def _json(value: object) -> Markup:
    """A value as JSON in an attribute."""
    return Markup.escape(json.dumps(value, separators=(",", ":"), allow_nan=False))


def _kind(part: object) -> str:
    return type(part).__name__
