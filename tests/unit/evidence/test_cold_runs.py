import pandas as pd

from chimera_dagster.evidence.cold_runs import gives_load, is_cold


def table(*rows):
    """Of rows (file, model, load) or (file, model, load, TTFT)."""
    full = [(*row, None)[:4] for row in rows]
    return pd.DataFrame(full, columns=["file", "model", "load_ms", "ttft_ms"]).astype(
        {"load_ms": "float64", "ttft_ms": "float64"}
    )


def test_a_load_is_cold_above_500_ms_and_five_times_the_models_usual_one():
    runs = table(
        *(("a", "m:1", load) for load in (501, 499, 100, 100, 90)), *(("a", "big", load) for load in (900, 800))
    )
    assert is_cold(runs).tolist() == [True, False, False, False, False, False, False]


def test_the_usual_load_is_the_lower_quartile():
    runs = table(*(("a", "m:1", load) for load in (100, 2000, 100, 2000)))
    assert is_cold(runs).tolist() == [False, True, False, True]


def test_of_a_model_that_mostly_loads_no_run_is_cold():
    runs = table(*(("a", "m:1", load) for load in (100, 2000, 2000)), *(("a", "n:1", load) for load in (2000, 100)))
    assert is_cold(runs).tolist() == [False, False, False, True, False]


def test_a_load_that_is_most_of_the_time_to_first_token_is_cold_even_if_every_run_has_one():
    runs = table(("a", "m:1", 3660, 3985), ("a", "m:1", 3714, 3989), ("a", "m:1", 3700, 9000), ("a", "m:1", 240, 241))
    assert is_cold(runs).tolist() == [True, True, False, False]
    assert is_cold(runs[:2]).tolist() == [False, False]


def test_a_short_load_that_is_most_of_the_time_to_first_token_is_cold():
    runs = table(("a", "m:1", 330, 520), ("a", "m:1", None, 100), ("a", "m:1", 310, 2000))
    assert is_cold(runs).tolist() == [True, False, False]


def test_a_load_that_is_the_same_beside_several_runs_was_measured_before_them():
    runs = table(
        *(("a", "m:1", 17_000.5, ttft) for ttft in (300, 310, 290)), ("a", "m:1", 0, 305), ("a", "m:1", 9_000, 9_300)
    )
    assert is_cold(runs).tolist() == [False, False, False, False, True]


def test_a_load_a_little_longer_than_the_time_to_first_token_is_cold_too():
    # Two clocks: a load can end after the first token only by their difference.
    runs = table(("a", "m:1", 4209, 3987), ("a", "m:1", 4780, 3990), ("a", "m:1", 4800, 3990), ("a", "m:1", 20, 37))
    assert is_cold(runs).tolist() == [True, True, False, False]


def test_a_run_without_a_load_time_is_warm_where_its_file_gives_load_times():
    runs = table(("a", "m:1", 2000), ("a", "m:1", None), ("a", "m:1", None), ("b", "m:1", None))
    assert is_cold(runs).tolist() == [True, False, False, False]
    assert gives_load(runs).tolist() == [True, True, True, False]


def test_categories_are_as_texts():
    runs = table(("a", "m:1", 2000), ("a", "m:1", None), ("a", "m:1", 1))
    categories = runs.astype({"file": "category", "model": "category"})
    assert is_cold(categories).tolist() == is_cold(runs).tolist() == [True, False, False]


def test_a_load_to_three_digits_beside_each_run_was_measured_before_them_too():
    runs = table(*(("a", "m:1", 10_500, ttft) for ttft in (12_100, 11_900, 12_000)), ("a", "m:1", 0, 305))
    assert is_cold(runs).tolist() == [False] * 4
    whole = table(*(("a", "m:1", 2_000, ttft) for ttft in (2_100, 2_300, 2_200)), ("a", "m:1", 0, 305))
    assert is_cold(whole).tolist() == [True, True, True, False]  # whole seconds can be the same by chance
