"""What the commands of benchmarks say of their runs."""

import json

import pytest

from chimera_dagster.ingest.commands import NOTHING, Command, command_in, commands_in, shared_by
from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.markdown_reader import read_markdown
from tests.unit.ingest.reading import read

REPORT = """============ Serving Benchmark Result ============
Successful requests:                     {n}
Output token throughput (tok/s):         {rate}
Mean TTFT (ms):                          {ttft}
==================================================
"""


def report(n, rate, ttft):
    return REPORT.format(n=n, rate=rate, ttft=ttft)


def conditions(found, metric="output_tok_s"):
    rows = [row for row in found.rows if row["metric"] == metric]
    return [(row["model"], json.loads(row["conditions"])) for row in rows]


def test_a_command_goes_on_below_a_backslash_at_the_end_of_a_line():
    lines = [
        "$ vllm bench serve --backend openai-chat \\",
        "  --model acme/lynx-7b --request-rate=4 \\",
        "  --num-prompts 32",
    ]
    assert [*commands_in([*lines, "", "done --model other-3b"])] == [
        Command("acme/lynx-7b", "openai-chat", (("request_rate", "4"),), 32)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "vllm serve acme/lynx-7b --max-model-len 4096",  # a server
        "llama-bench -m lynx.gguf --n-prompt 512",  # its table says what each row is
        "the bench is run with -- nothing",
        "bench.py --verbose",
    ],
)
def test_other_commands_say_nothing(text):
    assert command_in(text) == NOTHING


def test_lengths_of_random_prompts_are_not_those_of_another_data_set():
    said = command_in("bench_serving.py --dataset-name sharegpt --random-input-len 512 --max-concurrency 4")
    assert dict(said.conditions) == {"dataset": "sharegpt", "concurrency": "4"}


def test_lists_and_paths_are_no_value_of_a_setting():
    assert command_in("bench.py --concurrency 1,2,4 --dataset ./prompts.json") == NOTHING


def test_of_two_commands_only_what_both_say_holds():
    one, other = (command_in(f"bench.py --model lynx-7b --isl 512 --osl {n} --num-prompts 8") for n in (64, 128))
    assert shared_by([one, other]) == Command("lynx-7b", None, (("prompt_tokens", "512"),), 8)
    assert shared_by([]) == NOTHING


def test_a_report_was_run_by_the_command_above_it_in_its_fence():
    command = "python benchmark_serving.py --model acme/lynx-7b \\\n--num-prompts {n} --random-input-len {length}\n\n"
    fences = [
        f"```\n{command.format(n=n, length=length)}{report(n, rate, 40)}```\n"
        for n, length, rate in [(10, 256, 100), (50, 256, 300), (50, 1024, 200)]
    ]
    assert conditions(read(read_markdown, "\n".join(fences))) == [
        ("acme/lynx-7b", {"num_prompts": n, "prompt_tokens": length, "tool": "vLLM bench serve"})
        for n, length in [(10, 256), (50, 256), (50, 1024)]
    ]


def test_a_command_in_a_fence_of_its_own_is_that_of_the_next_report_alone():
    text = f"""# lynx-7b
```bash
vllm bench serve --max-concurrency 8 --num-prompts 80
```
```
{report(80, 100, 40)}```
```
{report(80, 120, 50)}```
"""
    tool = {"tool": "vLLM bench serve"}
    assert conditions(read(read_markdown, text)) == [("lynx-7b", {"concurrency": 8, **tool}), ("lynx-7b", tool)]


def test_a_number_of_requests_is_no_load_if_they_come_at_a_rate():
    text = f"```\nbench.py --model lynx-7b --request-rate 2 --num-prompts 80\n{report(80, 100, 40)}```\n"
    (found,) = conditions(read(read_markdown, text))
    assert found == ("lynx-7b", {"request_rate": 2, "tool": "vLLM bench serve"})


def test_json_may_hold_the_command_as_text_or_as_words():
    text = {"command": "bench.py --model acme/lynx-7b --num-prompts 64 --isl 512", "results": [{"output_tok_s": 50.0}]}
    words = {"args": ["bench.py", "--model", "acme/lynx-7b", "--max-concurrency", "8"], "output_tok_s": 60.0}
    assert conditions(read(read_json, json.dumps([text, words]))) == [
        ("acme/lynx-7b", {"num_prompts": 64, "prompt_tokens": 512}),
        ("acme/lynx-7b", {"concurrency": 8}),
    ]


def test_a_column_of_a_table_may_be_the_command():
    text = "cmd,concurrency,output_tok_s\nbench.py --model lynx-7b --max-concurrency 8 --osl 64,4,50\n"
    assert conditions(read(read_csv, text)) == [("lynx-7b", {"concurrency": 4, "output_tokens": 64})]
