"""Whether accuracy tells models and temperatures apart.

    python -m benchmarks.bench_accuracy [MODEL ...] [--questions 24] [--temperatures 0.2 1.0] [--reports FOLDER]

Asks models on the embedded engine the same questions about a folder, which code makes from its facts, and prints the
share of right answers with Wilson's 95 % interval, the level of chance, the shares by kind and the seconds that asking
took; then, for each two models or temperatures, the exact McNemar test on the questions that only one of them answered
rightly. The baseline is the share of blind choices.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from math import comb
from pathlib import Path
from typing import Any

from benchmarks.folders import SAMPLES
from chimera_dagster.engines.models import locate
from chimera_dagster.engines.registry import Engines
from chimera_dagster.quiz.question import Answered
from chimera_dagster.quiz.score import Accuracy, accuracy_of
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from chimera_dagster.steps.asking import TrialClient
from chimera_dagster.steps.evidence import compute_evidence
from chimera_dagster.steps.ingest import ingest_folder
from chimera_dagster.steps.quizzing import ask_questions, questions_of

MODELS = ("smollm2:135m", "qwen2.5-coder:0.5b", "qwen2.5-coder:1.5b")
NUM_CTX = 4096
LEVEL = 0.05  # of all pairs together


def answers_of(store: Store, engines: Engines, plan: TrialPlan) -> list[Answered]:
    client = TrialClient(store, plan, engines)
    client.warm_up()
    return ask_questions(client, questions_of(store, plan))


def plans(models: Sequence[str], temperatures: Sequence[float], questions: int, seed: int) -> Iterator[TrialPlan]:
    for model, temperature in product(models, temperatures):
        fields: dict[str, Any] = {
            "engine": "embedded",
            "models": [model],
            "grid": {"num_ctx": [NUM_CTX], "temperature": [temperature]},
            "questions": questions,
            "seed": seed,
        }
        yield from SweepSpec.model_validate(fields).plans()


def mcnemar(first: Sequence[Answered], second: Sequence[Answered]) -> tuple[int, int, float]:
    """How many questions only the first, and only the second, answered rightly, and the exact two-sided p-value."""
    pairs = [(one.is_right, other.is_right) for one, other in zip(first, second, strict=True)]
    only_first, only_second = pairs.count((True, False)), pairs.count((False, True))
    apart = only_first + only_second
    tail = sum(comb(apart, k) for k in range(min(only_first, only_second) + 1)) / 2**apart
    return only_first, only_second, min(1.0, 2 * tail)


def row(name: str, found: Accuracy) -> str:
    kinds = ", ".join(f"{kind} {part.right}/{part.asked}" for kind, part in found.kinds.items())
    interval = f"{found.low:.2f} to {found.high:.2f}"
    return (
        f"{name:<28} {found.right:>3} of {found.asked:<3} {found.share:.2f}  {interval:<13} "
        f"{found.share / found.chance:>6.2f}  {found.seconds:>6.1f} s  {kinds}"
    )


def differences(found: Mapping[str, Sequence[Answered]]) -> Iterator[str]:
    pairs = list(combinations(found, 2))
    for one, other in pairs:
        only_one, only_other, p = mcnemar(found[one], found[other])
        verdict = "apart" if p < LEVEL / len(pairs) else "NOT apart"
        yield f"{one} against {other}: {only_one} and {only_other} that only one has right, p = {p:.2g}, {verdict}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether accuracy tells models and temperatures apart.")
    parser.add_argument("models", nargs="*", default=[model for model in MODELS if locate(model)])
    parser.add_argument("--questions", type=int, default=24)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.2, 1.0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--reports", type=Path, default=SAMPLES)
    given = parser.parse_args()
    found: dict[str, list[Answered]] = {}
    with tempfile.TemporaryDirectory() as data:
        store, engines = Store(Path(data)), Engines()
        ingest_folder(store, given.reports)
        compute_evidence(store)
        print(f"{'model and temperature':<28} right      share 95 % interval over chance  asking  by kind")
        for plan in plans(given.models, given.temperatures, given.questions, given.seed):
            name = f"{plan.model} {plan.params.temperature:g}"
            found[name] = answers_of(store, engines, plan)
            accuracy = accuracy_of(found[name])
            assert accuracy is not None
            print(row(name, accuracy), flush=True)
        engines.close()
    print("\n".join(differences(found)))


if __name__ == "__main__":
    main()
