"""Simulated runs of a model whose numbers fit together, as a client and an engine would report them."""

import csv
import io
import json
from typing import Any

import numpy as np

Run = dict[str, Any]
NAMES = {  # in ms
    "load_ms": "load_duration",
    "prompt_eval_ms": "prompt_eval_duration",
    "eval_ms": "eval_duration",
    "total_ms": "total_duration",
}


def run(rng: np.random.Generator) -> Run:
    """One run by metric. Some are cold, some have a cached prompt, some answer with one token."""
    tokens = int(rng.choice([1, 2, 3, 40, 300, 4000]))
    prompt = int(rng.choice([1, 30, 900, 30_000]))
    rate, prefill = 10 ** rng.uniform(-0.3, 3.3), 10 ** rng.uniform(1.5, 4.3)
    cached = int(rng.choice([0, prompt // 2, prompt - 1]))
    load = float(rng.choice([rng.uniform(0.2, 20), rng.uniform(500, 90_000)]))
    prompt_eval = (prompt - cached) / prefill * 1000 + rng.uniform(0.5, 3)
    answer = tokens / rate * 1000
    total = load + prompt_eval + answer + rng.uniform(0.05, 0.03 * (load + prompt_eval + answer) + 1)
    ttft = load + prompt_eval + rng.uniform(0.5, 30)
    found = {
        "load_ms": load,
        "prompt_eval_ms": prompt_eval,
        "eval_ms": answer,
        "total_ms": total,
        "ttft_ms": ttft,
        "e2e_ms": max(total, ttft + answer * (1 - 1 / tokens)) + rng.uniform(0, 5),
        "decode_tok_s": float(rng.choice([tokens / answer * 1000, tokens / total * 1000])),
        "prefill_tok_s": float(rng.choice([prompt, prompt - cached])) / prompt_eval * 1000,
        "output_tokens": tokens,
        "prompt_tokens": prompt,
    }
    if rng.uniform() < 0.5:
        found["prompt_cached_tokens"] = cached
    if tokens > 1:
        found["tpot_ms"] = (found["e2e_ms"] - ttft) / (tokens - 1)
    return found


def some(rng: np.random.Generator, simulated: Run) -> Run:
    """A run of which a client wrote down some of the numbers."""
    return {name: value for name, value in simulated.items() if rng.uniform() < 0.7}


def rounded(rng: np.random.Generator, simulated: Run) -> Run:
    """A run as a client writes it: times in seconds or milliseconds, all numbers with few decimal places."""
    written: Run = {}
    for name, value in simulated.items():
        if name.endswith("_ms") and rng.uniform() < 0.5:
            written[name.removesuffix("_ms") + "_s"] = max(round(value / 1000, int(rng.integers(3, 7))), 0.001)
        elif name.endswith("_ms"):
            written[name] = max(round(value, int(rng.integers(0, 4))), 0.1)
        else:
            written[name] = max(round(value, int(rng.integers(0, 3))), 0.1) if name.endswith("tok_s") else value
    return written


def ollama(simulated: Run, unit_ms: float = 1e-6) -> Run:
    """A run as Ollama's API answers it, or in another unit (of so many milliseconds) with decimal places."""
    times = {name: simulated[metric] / unit_ms for metric, name in NAMES.items()}
    if unit_ms == 1e-6:
        times = {name: int(value) for name, value in times.items()}
    counts = {"prompt_eval_count": simulated["prompt_tokens"], "eval_count": simulated["output_tokens"]}
    return {"model": "alpha:7b", **times, **counts}


def as_csv(rows: list[Run]) -> str:
    """A table with every name that a row has."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*dict.fromkeys(name for row in rows for name in row)])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_lines(rows: list[Run]) -> str:
    return "\n".join(map(json.dumps, rows))
