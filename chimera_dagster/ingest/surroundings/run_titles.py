"""Lines of a log above its runs that say what they are: `[3/12] lynx-7b / vllm / long prompts (4 runs)`."""

import re

from chimera_dagster.ingest.context import Context, within
from chimera_dagster.ingest.engine_names import is_engine_alone
from chimera_dagster.ingest.model_names import model_in_text
from chimera_dagster.ingest.surroundings.named_settings import settings_in, with_settings_in
from chimera_dagster.ingest.unlisted_settings import is_short

_TITLE = re.compile(r"\s*\[(?P<inside>[^\[\]]{1,60})\](?P<rest>.{0,140})")
_COUNT = re.compile(r"\s*\d{1,4}\s*(?:/\s*\d{1,4}\s*)?")
_REMARK = re.compile(r"\([^()]*\)")
_PIECE = re.compile(r"\s/\s|[,|;]")
_RUN = re.compile(r"\s*(?:run|iter(?:ation)?|trial|req(?:uest)?|repeat|attempt)[ _#-]?\d[^=]{0,40}=", re.IGNORECASE)


def title_of_runs(line: str, below: str) -> str | None:
    """What a line says of the runs that begin on the line `below`; None if it is no such line."""
    found = _TITLE.fullmatch(line) if line.lstrip().startswith("[") and _RUN.match(below) else None
    if found is None:
        return None
    said = found["rest"] if _COUNT.fullmatch(found["inside"]) else found["inside"]
    return _REMARK.sub("", said).strip(" :-") or None


def with_title(context: Context, title: str) -> Context:
    """The context of the runs below a title; what nothing knows in it is the condition `variant`."""
    others: list[str] = []
    for piece in filter(None, map(str.strip, _PIECE.split(title))):
        if model := model_in_text(piece):
            context = context._replace(model=model, model_source="text")
        elif is_engine_alone(piece):
            context = context._replace(backend=piece)
        elif settings_in(piece) != ((), ()):
            context = with_settings_in(context, piece)
        else:
            others.append(piece)
    variant = " / ".join(others)
    if not variant or not is_short(variant):
        return context
    return context._replace(conditions=within(context.conditions, {"variant": variant}))
