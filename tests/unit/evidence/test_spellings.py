"""Names of one model or GPU are joined if that is safe, and names that may be one model are found."""

import random
from itertools import combinations

import pytest

from chimera_dagster.evidence import spellings
from chimera_dagster.evidence.spellings import alike, may_be_one, pairs_alike, with_one_spelling
from tests.unit.evidence.tables import as_categories, measurements


def named(*models: tuple[str, str, str]) -> list[str]:
    """Models of rows by file, model and what named it, after spellings were joined."""
    rows = [
        {"file": file, "record": f"row {place}", "model": model, "model_source": source, "value": 1.0}
        for place, (file, model, source) in enumerate(models)
    ]
    found = with_one_spelling(as_categories(measurements(*rows))).measurements["model"].tolist()
    assert with_one_spelling(measurements(*rows)).measurements["model"].tolist() == found
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gemma3:4b", "gemma3-4b"),
        ("gemma3:4b", "gemma3_4b"),
        ("gemma3:latest", "Gemma3"),
        ("qwen2.5-coder:0.5b", "Qwen2.5-Coder-0.5B"),
    ],
)
def test_tags_of_the_same_words_are_one_model(one: str, other: str) -> None:
    assert named(("a.csv", one, "column"), ("b.csv", other, "column"), ("c.csv", one, "json")) == [one] * 3


def test_the_spelling_of_a_file_stands_before_that_of_a_path() -> None:
    assert named(("a.csv", "gemma3:4b", "path"), ("b.csv", "gemma3-4b", "column")) == ["gemma3-4b"] * 2


@pytest.mark.parametrize(
    ("one", "other"), [("gemma3:4b", "gemma3:12b"), ("phi3:1.4b", "phi3:14b"), ("a/gemma-4b", "b/gemma-4b")]
)
def test_other_words_are_other_models(one: str, other: str) -> None:
    assert named(("a.csv", one, "column"), ("b.csv", other, "column")) == [one, other]


def test_names_that_one_file_sets_beside_each_other_are_left_apart() -> None:
    rows = [("a.csv", "gemma3-4b", "column"), ("a.csv", "gemma3:4b", "column"), ("b.csv", "gemma3:4b", "column")]
    assert named(*rows) == ["gemma3-4b", "gemma3:4b", "gemma3:4b"]


def test_a_family_in_a_heading_is_not_its_latest_tag() -> None:
    rows = [("a.md", "Gemma3", "heading"), ("b.csv", "gemma3:latest", "column"), ("c.csv", "gemma3", "path")]
    assert named(*rows) == ["Gemma3", "gemma3:latest", "gemma3:latest"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("meta-llama/Llama-3.1-8B", "llama-3.1-8b", True),
        ("smollm2-135m", "SmolLM2-135M-Instruct.Q4_1", True),
        ("gemma3:1b", "gemma3:1b-it-q4_K_M", True),
        ("llama3.1:8b-instruct-q4_0", "llama3.1:8b-instruct-q8_0", False),
        ("gemma3:1b", "gemma3:1b-it-qat", False),
        ("llama", "llama-3.1-8b", False),
        ("qwen2.5:7b", "qwen2.5-coder:7b", False),
    ],
)
def test_names_that_may_mean_one_model(one: str, other: str, *, same: bool) -> None:
    assert may_be_one(one, other) == may_be_one(other, one) == same
    assert len(alike([one, other, "another:3b"])) == (2 if same else 3)


def gpus(*names: str) -> list[str]:
    rows = [{"record": f"row {place}", "gpu": name, "value": 1.0} for place, name in enumerate(names)]
    return with_one_spelling(measurements(*rows)).measurements["gpu"].tolist()


def test_spellings_of_a_gpu_are_one_and_the_most_frequent_stands_for_them() -> None:
    names = [
        "NVIDIA RTX 4080 Laptop",
        "NVIDIA GeForce RTX 4080 Laptop GPU",
        "NVIDIA RTX 4080 Laptop",
        "RTX 4080 Laptop",
    ]
    assert gpus(*names) == ["NVIDIA RTX 4080 Laptop"] * 4
    assert gpus("RTX 4080 Laptop GPU (12GB VRAM)", "RTX 4080 Laptop", "RTX 4080 Laptop") == ["RTX 4080 Laptop"] * 3


@pytest.mark.parametrize(
    "names", [("RTX 4080", "RTX 4080 Laptop"), ("A100 40GB", "A100 80GB"), ("RTX 4080", "RTX 4090")]
)
def test_another_device_or_memory_is_another_gpu(names: tuple[str, str]) -> None:
    assert gpus(*names) == list(names)


@pytest.mark.parametrize(
    "names",
    [("RTX 3060", "3060", "RTX 3060"), ("Tesla V100-SXM2-32GB", "V100"), ("4070 Ti", "RTX 4070 Ti")],
)
def test_the_number_of_a_card_is_short_for_its_name(names: tuple[str, ...]) -> None:
    full = max(names, key=len)
    assert gpus(*names) == [full] * len(names)


@pytest.mark.parametrize(
    "names",
    [
        ("16GB VRAM (RTX 4080)", "RTX 3060"),
        ("3060", "RTX 3060 Ti"),
        ("3060", "RTX 3060 Laptop"),
        ("V100", "V100 PCIe", "V100 SXM2"),
        ("RTX", "RTX 3060"),
    ],
)
def test_a_number_that_another_card_has_too_is_not(names: tuple[str, ...]) -> None:
    assert gpus(*names) == [*names]


def test_pairs_are_those_of_all_names_compared_with_each_other() -> None:
    chance = random.Random(5)
    words = ["a", "a1", "a1:7b", "7b", "it", "instruct", "q4_K_M", "q8_0", "gguf", "pub/a1", "latest"]
    names = list(dict.fromkeys("-".join(chance.choices(words, k=chance.randint(1, 4))) for _ in range(300)))
    expected = {frozenset(pair) for pair in combinations(names, 2) if may_be_one(*pair)}
    assert len(expected) > 50
    assert set(pairs_alike(names)) == expected
    linked = {name: {name} for name in names}
    for one, other in map(tuple, expected):
        if linked[one] is not linked[other]:
            linked[one] |= linked[other]
            for name in linked[other]:
                linked[name] = linked[one]
    assert set(alike(names)) == {frozenset(group) for group in linked.values()}


def test_thousands_of_names_are_not_all_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []
    monkeypatch.setattr(spellings, "may_be_one", lambda *pair: compared.append(pair) or may_be_one(*pair))
    names = [f"m{number}:1b" for number in range(3_000)]
    assert (len(alike(names)), pairs_alike(names), compared) == (3_000, [], [])
