import pandas as pd
import pytest

from tests.unit.evidence.test_fact_table import facts_in


def of(model, prompt, values, start=0):
    return [
        {"record": f"row {start + place}", "model": model, "prompt": prompt, "value": value}
        for place, value in enumerate(values)
    ]


def superlatives(rows) -> pd.DataFrame:
    facts = facts_in(*rows)
    return facts[facts["kind"] == "best_model"]


def test_the_lowest_mean_of_more_short_prompts_is_no_superlative():
    # b needs less time for either prompt, and has the higher mean
    rows = of("a:1", "short", [50, 51, 52, 53]) + of("a:1", "long", [400, 410], 4)
    rows += of("b:1", "short", [40, 41], 6) + of("b:1", "long", [300, 310, 320, 330], 8)
    assert superlatives(rows).empty
    same = of("a:1", "short", [50, 51]) + of("a:1", "long", [400, 410], 2)
    same += of("b:1", "short", [40, 41], 4) + of("b:1", "long", [300, 310], 6)
    assert superlatives(same)["model"].tolist() == ["b:1"]


@pytest.mark.parametrize(("cold", "named"), [([], ["b:1"]), ([2000.0], [])])
def test_a_cold_start_more_makes_no_superlative(cold, named):
    rows = of("a:1", "x", [50.0, 51.0, 52.0]) + of("b:1", "x", [40.0, 41.0, 42.0, *cold], 10)
    loads = [{**row, "metric": "load_ms", "value": 1900 if row["value"] == 2000 else 10} for row in rows]
    assert superlatives([*rows, *loads])["model"].tolist() == named


def test_models_without_a_common_prompt_have_no_superlative():
    assert superlatives(of("a:1", "x", [50, 51, 52]) + of("b:1", "y", [40, 41, 42], 3)).empty
