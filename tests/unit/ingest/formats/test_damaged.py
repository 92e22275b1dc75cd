"""Damaged copies of files of known formats: none ends the reading, and no number is invented (`read_file` looks)."""

import copy
import json
import random

import pytest

from tests.unit.ingest.formats.files import DATA, read_file

TOOLS = ("aiperf", "genai_perf", "inference_perf", "llmperf")
COPIES = 25
FILES = sorted(
    str(path.relative_to(DATA))
    for tool in TOOLS
    for path in (DATA / tool).rglob("*")
    if path.suffix in (".json", ".jsonl", ".csv")
)
VALUES = (
    *(
        None,
        True,
        "",
        "x",
        "1e999",
        "NaN",
        -1,
        0,
        -1e-300,
        1e308,
        float("inf"),
        2**70,
        [],
        [1],
        [None],
        [[]],
        {},
        {"a": 1},
    ),
    {"unit": "ms", "avg": 1},
)
TEXTS = (*'",;\n-9 .()%eE\t{}[]:', "\n\n", "Metric,Value\n", "Metric,avg\n", ",,", "1,234", "Metric", "\r\n")


def places(value, path=()):
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def changed_values(text, chance):
    """Some keys, mostly near the top, have other values, or none."""
    document = json.loads(text)
    for _ in range(chance.randint(1, 4)):
        found = sorted(places(document), key=len)
        if not found:
            break
        *above, last = chance.choice(found[: max(3, len(found) // chance.choice((1, 4)))])
        holder = document
        for key in above:
            holder = holder[key]
        if chance.random() < 0.3:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(chance.choice(VALUES))
    return json.dumps(document)


def changed_text(text, chance):
    """Some characters are replaced, left out or put in."""
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(("", *TEXTS)) + text[at + chance.choice((0, 1, 30)) :]
    return text


@pytest.mark.parametrize("path", FILES)
def test_no_number_is_invented(path):
    text = (DATA / path).read_text()
    for seed in range(COPIES):
        chance = random.Random(seed)
        if path.endswith(".csv") or chance.random() < 0.2:
            damaged = changed_text(text, chance)
        elif path.endswith(".jsonl"):
            lines = text.splitlines()
            at = chance.randrange(len(lines))
            damaged = "\n".join([*lines[:at], changed_values(lines[at], chance), *lines[at + 1 :]])
        else:
            damaged = changed_values(text, chance)
        read_file(path, damaged)
