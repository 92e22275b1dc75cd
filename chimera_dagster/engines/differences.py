"""How a server's model of a tag differs from what that tag is known as: its file, the defaults that it sets."""

from collections.abc import Iterator

from chimera_dagster.engines.base import ModelInfo
from chimera_dagster.engines.model_sources.catalogue import CATALOGUE

_SHOWN = 12  # characters of a digest
_NO_TEMPLATE = "{{ .Prompt }}"  # what Ollama sets if a model comes without one


def differences(info: ModelInfo, earlier: ModelInfo | None) -> list[str]:
    """What makes its figures those of another model; `earlier` is what this process knew of the tag before, if any."""
    return [*_file(info), *_changes(info, earlier), *_defaults(info)]


def _file(info: ModelInfo) -> Iterator[str]:
    known = CATALOGUE.get(info.tag)
    if known is not None and info.file_sha256 not in (None, known.sha256):
        yield f"its file is not the catalogue's: sha256 {_short(info.file_sha256)}, not {_short(known.sha256)}"


def _changes(info: ModelInfo, earlier: ModelInfo | None) -> Iterator[str]:
    if earlier is None:
        return
    for name, now, before in (
        ("its digest", _short(info.digest), _short(earlier.digest)),
        ("its defaults", info.default_options, earlier.default_options),
        ("its template", info.template, earlier.template),
    ):
        if now != before:
            yield f"{name} changed since an earlier trial" + ("" if name == "its template" else f": {before} to {now}")


def _defaults(info: ModelInfo) -> Iterator[str]:
    """Only those that change figures: where an answer stops is part of the template."""
    options = (info.default_options or "none").split(", ")
    set_here = [option for option in options if option != "none" and not option.startswith("stop ")]
    if set_here:
        yield f"its model file sets {', '.join(set_here)}"
    if info.template is not None and info.template.strip() == _NO_TEMPLATE:
        yield "it has no chat template"


def _short(digest: str | None) -> str | None:
    return digest and digest[:_SHOWN]
