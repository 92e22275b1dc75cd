"""Measure the sample input of data/reports: the embedded models on this machine, as a team would benchmark them.

    python scripts/measure_samples.py [--out data/reports] [--quick]

Every figure it writes comes from a call made in this run. Takes about ten minutes on 2 cores; keep the machine idle.
`--quick` makes a few short calls for each file, in half a minute, to try the script.
"""

import argparse
import json
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from chimera_dagster.cli.download_bar import DownloadBar
from chimera_dagster.engines.base import Request
from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.engines.get_model import get_model
from chimera_dagster.errors import EngineError
from chimera_dagster.measure.call import call_metrics, timed_call
from chimera_dagster.measure.environment import capture
from chimera_dagster.spec.trial import ParamSet, model_slug

MODELS = ("smollm2:135m", "qwen2.5-coder:0.5b", "qwen2.5-coder:1.5b")
MAX_TOKENS = 32
QUICK_TOKENS = 8
SEED = 7

SUITES = {
    "operations": (
        "Explain in two sentences why a GPU should be warm before a benchmark starts.",
        "Name three causes of a slow first token in a language model server.",
        "Write a short note to a colleague about a failed nightly benchmark.",
        "Describe what a context window is to a new engineer.",
        "Give one reason to record the version of a driver with every result.",
    ),
    "writing": (
        "Write the opening line of a story about a lighthouse keeper.",
        "Describe the smell of rain on a summer evening.",
        "Write a friendly reminder to water the plants.",
        "Invent a name and a slogan for a small bakery.",
        "Describe a walk through an old library.",
    ),
    "code": (
        "Write a Python function that returns the median of a list.",
        "Explain what a unit test is for, in plain words.",
        "Write a SQL query that counts rows by day.",
        "What does the HTTP status 503 mean, and what should a client do?",
        "Write a shell command that lists the five largest files of a folder.",
    ),
}
GRIDS: dict[str, Sequence[dict[str, Any]]] = {
    "num_ctx_temperature": [{"num_ctx": c, "temperature": t} for c in (1024, 2048) for t in (0.2, 0.6, 1.0)],
    "top_p": [{"num_ctx": 1024, "temperature": 0.8, "top_p": p} for p in (0.5, 0.9, 1.0)],
    "top_k": [{"num_ctx": 1024, "temperature": 0.8, "top_k": k} for k in (1, 10, 40)],
    "repeat_penalty": [{"num_ctx": 1024, "temperature": 0.8, "repeat_penalty": r} for r in (1.0, 1.1, 1.3)],
}
PROMPT_WORDS = (25, 50, 100, 200, 400)
OUTPUT_TOKENS = (8, 16, 32, 64)
TUNING_ROUNDS, ROUNDS = 3, 2
TUNING_PROMPT = SUITES["operations"][0]


class Bench:
    """Runs calls and writes the three files of an experiment: the runs, their summary, and a page to read."""

    def __init__(self, out: Path, quick: bool) -> None:
        self.out, self.quick = out, quick
        self.engine = EmbeddedEngine()
        self._loaded: tuple[str, object] | None = None

    def run(
        self,
        model: str,
        prompt: str,
        params: dict[str, Any],
        max_tokens: int = MAX_TOKENS,
        seed: int = SEED,
        **columns: object,
    ) -> dict[str, object]:
        """One call as one row; a call that fails keeps its row, with the reason in `error`."""
        row: dict[str, object] = {"timestamp": datetime.now(UTC).isoformat(timespec="seconds"), "model": model}
        row |= {"backend": "embedded", **params, **columns, "seed": seed, "prompt": prompt}
        try:
            call = timed_call(
                self.engine,
                Request(model, prompt, params=ParamSet(**params), max_tokens=self._limit(max_tokens), seed=seed),
                "bench",
            )
        except EngineError as error:
            return row | {"error": str(error)}
        metrics = call_metrics(call.ledger, call.stats)
        return row | {
            "ttft_s": _seconds(metrics.ttft_ms),
            "tokens_s": metrics.decode_tok_s,
            "load_s": _seconds(metrics.load_ms),
            "prompt_eval_s": _seconds(metrics.prompt_eval_ms),
            "eval_s": _seconds(metrics.eval_ms),
            "prompt_eval_count": metrics.prompt_tokens,
            "eval_count": metrics.output_tokens,
            "response_chars": len(call.text),
            "done_reason": metrics.done_reason,
            "error": "",
        }

    def warm_up(self, model: str, params: dict[str, Any]) -> None:
        """Load the model with this context window, if it is not loaded yet, so that no measured call does."""
        if self._loaded != (model, params["num_ctx"]):
            self.run(model, "Say hello.", params, max_tokens=1)
            self._loaded = (model, params["num_ctx"])

    def unload(self) -> None:
        self.engine.close()
        self._loaded = None

    def _limit(self, tokens: int) -> int:
        return min(tokens, QUICK_TOKENS) if self.quick else tokens

    def rounds(self, model: str, grid: Sequence[dict[str, Any]], count: int, **fixed: Any) -> list[dict[str, object]]:
        """`count` rounds over the arguments of `grid`, each in an order of its own.

        Repeats that run back to back would share what the machine does at that moment, and a drift of its speed would
        look like an effect of the parameters.
        """
        if self.quick:
            grid, count = grid[:2], 1
        shuffled = random.Random(SEED)
        rows: list[dict[str, object]] = []
        for number in range(count):
            for changes in shuffled.sample(grid, len(grid)):
                arguments = fixed | changes
                self.warm_up(model, arguments["params"])
                rows.append(self.run(model, seed=SEED + number, run=number, **arguments))
        return rows

    def write(
        self, stem: str, title: str, rows: Sequence[dict[str, object]], by: Sequence[str], *, summary: str = "json"
    ) -> None:
        runs = pd.DataFrame(rows)
        good = runs[runs["error"] == ""]
        table = (
            good.groupby(list(by), as_index=False)
            .agg(
                runs=("tokens_s", "count"),
                mean_tokens_s=("tokens_s", "mean"),
                mean_ttft_s=("ttft_s", "mean"),
                mean_eval_count=("eval_count", "mean"),
            )
            .sort_values("mean_tokens_s", ascending=False)
        )
        path = self.out / stem
        path.parent.mkdir(parents=True, exist_ok=True)
        runs.to_csv(f"{path}_runs.csv", index=False)
        if summary == "csv":
            table.to_csv(f"{path}_summary.csv", index=False)
        else:
            document = {
                "model": rows[0]["model"],
                "backend": "embedded",
                "runs": len(runs),
                "completed": len(good),
                "results": json.loads(table.to_json(orient="records")),
            }
            Path(f"{path}_summary.json").write_text(json.dumps(document, indent=2) + "\n")
        text = [f"# {title}", "", f"- model: {rows[0]['model']}", f"- runs: {len(runs)}, completed: {len(good)}", ""]
        names = list(table.columns)
        text += [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
        text += [f"| {' | '.join(_cell(value) for value in row)} |" for row in table.itertuples(index=False)]
        Path(f"{path}.md").write_text("\n".join(text) + "\n")
        print(f"{stem}: {len(good)} of {len(runs)} runs", flush=True)


def experiments(bench: Bench, model: str) -> Iterator[None]:
    slug = model_slug(model).replace("@", "_")
    base = {"num_ctx": 1024, "temperature": 0.7}

    rows: list[dict[str, object]] = []
    for number in range(1 if bench.quick else 5):
        bench.unload()  # so that the next call loads the model
        rows.append(bench.run(model, TUNING_PROMPT, base, max_tokens=16, run=number, cold=True))
        rows.append(bench.run(model, TUNING_PROMPT, base, max_tokens=16, run=number, cold=False))
    yield bench.write(f"cold_start/{slug}_cold_start", f"Cold and warm first tokens of {model}", rows, ["cold"])

    rows = [bench.run(model, prompt, base, prompt_index=index) for index, prompt in enumerate(SUITES["operations"], 1)]
    yield bench.write(f"baselines/{slug}_baseline", f"Baseline of {model}", rows, ["prompt_index"])

    for name, grid in GRIDS.items():
        rows = bench.rounds(model, [{"params": params} for params in grid], TUNING_ROUNDS, prompt=TUNING_PROMPT)
        title = f"Parameter tuning of {model}: {name.replace('_', ' ')}"
        yield bench.write(f"param_tuning/{slug}_{name}", title, rows, list(grid[0]), summary="csv")

    for suite, prompts in SUITES.items():
        asked = [{"prompt": prompt, "prompt_index": index} for index, prompt in enumerate(prompts, 1)]
        rows = bench.rounds(model, asked, ROUNDS, params=base)
        title = f"Prompt suite '{suite}' on {model}"
        yield bench.write(f"prompt_suites/{slug}_{suite}/prompt_suite", title, rows, ["prompt_index"])

    words = " ".join(prompt for prompts in SUITES.values() for prompt in prompts).split() * 4
    asked = [{"prompt": " ".join(words[:length]), "prompt_words": length} for length in PROMPT_WORDS]
    rows = bench.rounds(model, asked, ROUNDS, params=base, max_tokens=16)
    yield bench.write(f"scaling/{slug}_prompt_length", f"Prompt length and {model}", rows, ["prompt_words"])

    asked = [{"max_tokens": length, "max_tokens_asked": length} for length in OUTPUT_TOKENS]
    rows = bench.rounds(model, asked, ROUNDS, params=base, prompt=TUNING_PROMPT)
    yield bench.write(f"scaling/{slug}_output_length", f"Output length and {model}", rows, ["max_tokens_asked"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("data/reports"))
    parser.add_argument("--quick", action="store_true", help="only try the script: few and short calls")
    arguments = parser.parse_args()
    out: Path = arguments.out
    with DownloadBar() as bar:
        for model in MODELS:
            get_model(model, None, bar)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=out.parent))
    try:
        bench = Bench(scratch, arguments.quick)
        for model in MODELS:
            for _ in experiments(bench, model):
                pass
        infos = [vars(bench.engine.describe(model)) for model in MODELS]
        environment = capture().model_dump(exclude={"host", "variables"}) | {
            "engine": bench.engine.version(),
            "models": infos,
        }
        environment |= {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "script": Path(__file__).name}
        (scratch / "environment.json").write_text(json.dumps(environment, indent=2) + "\n")
        (scratch / "README.md").write_text(_readme(environment))
        if out.exists():
            shutil.rmtree(out)
        scratch.chmod(0o755)
        scratch.replace(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _readme(environment: dict[str, Any]) -> str:
    return (
        "# Sample benchmark results\n\n"
        f"Measured by `scripts/measure_samples.py` ({environment['measured_at']}) with {environment['engine']} on\n"
        f"{environment['cpu']}, {environment['cores']} cores; the whole environment is in `environment.json`.\n\n"
        "| folder | question |\n|---|---|\n"
        "| `baselines/` | five prompts, one call each |\n"
        "| `cold_start/` | what loading the model adds to the first token |\n"
        "| `param_tuning/` | what num_ctx, temperature, top_p, top_k and repeat_penalty do |\n"
        "| `prompt_suites/` | three suites of five prompts, two calls each |\n"
        "| `scaling/` | the effect of prompt length and output length |\n"
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1e3


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
