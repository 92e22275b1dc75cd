"""What a folder was measured on: the GPU or the CPU, and the engine, as far as the files say so."""

from chimera_dagster.evidence.measures import MEASURES
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.phrase import Phrase, listed, phrase, setting

_MOST = 3  # names of GPUs or of engines; of more none is said


def machine_words(data: NoteContext) -> Phrase:
    """`Measured on NVIDIA A100, with vllm.`; empty if the files of the compared values name neither, or too many."""
    rows = data.data.table
    rows = rows[(rows["metric"].isin([measure.metric for measure in MEASURES]) & ~rows["error"]).to_numpy()]
    named = {name: sorted(map(str, rows[name].dropna().unique())) for name in ("gpu", "backend")}
    known = {name: listed([(setting(text),) for text in texts]) for name, texts in named.items() if len(texts) <= _MOST}
    on: Phrase = phrase(" on {gpu}", gpu=known["gpu"]) if known.get("gpu") else ()
    if data.on_cpu:
        on = phrase(" on a CPU without a GPU")
    using = phrase(f"{',' if on else ''} with {{engine}}", engine=known["backend"]) if known.get("backend") else ()
    return phrase("Measured{on}{using}.", on=on, using=using) if on or using else ()
