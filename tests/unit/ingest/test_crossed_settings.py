"""Numbers that several models or settings share as a plan has them are a setting, whatever they are called."""

import pytest

from chimera_dagster.ingest.unlisted_settings import settings_among

QUANTS = ("Q2", "Q4", "Q8")


def table(name, levels, repeats=5):
    names = ("model", "quant", name, "decode_tok_s", "timestamp")
    rows = []
    for model in ("lynx:7b", "wren:8b"):
        for quant in QUANTS:
            for level in levels:
                for _ in range(repeats):
                    rate = f"{60 / (1 + level / 1000) + len(rows) / 97:.3f}"
                    rows.append([model, quant, str(level), rate, f"2026-01-02T03:04:{len(rows):03}"])
    return names, rows


@pytest.mark.parametrize(("name", "levels"), [("context_tokens", (1024, 4096, 16384)), ("hops", (2, 4, 8, 16))])
def test_a_number_that_is_crossed_with_the_others_is_a_setting(name, levels):
    assert name in settings_among(*table(name, levels))


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("pass_no", (1, 2, 3, 4)),  # counts up, as repeats do
        ("hops", (3.17, 4.42, 8.91)),  # nobody chooses such numbers
        ("context_id", (1024, 4096)),
    ],
)
def test_what_is_none(name, levels):
    assert name not in settings_among(*table(name, levels))


def test_a_number_that_each_model_has_of_its_own_is_none():
    names, rows = table("fan_rpm", (100, 200, 300))
    for place, row in enumerate(rows):
        row[2] = str(1000 + 5 * place)
    assert "fan_rpm" not in settings_among(names, rows)
