"""What a figure is called, how it is written, and on which days something was measured."""

from pathlib import Path

import pytest

from chimera_dagster.grounding.folder import Folder
from chimera_dagster.grounding.outcome import UNREAD, check_document
from chimera_dagster.ingest.folder import read_in_memory

CONTRADICTED, SUPPORTED = "contradicted", "supported"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Five runs of one model on two days: 40, 41, 42, 43 and 94 tok/s, the first token after 80 ms each time."""
    root: Path = tmp_path_factory.mktemp("runs")
    rates = (40, 41, 42, 43, 94)
    rows = [f"one:1b,2026-03-0{1 + place % 2}T10:00:0{place},{rate},80" for place, rate in enumerate(rates)]
    (root / "runs.csv").write_text("\n".join(["model,timestamp,decode_tok_s,ttft_ms", *rows]) + "\n")
    read = read_in_memory(root)
    return Folder(read.files, read.measurements)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("The median decode throughput of one:1b is 42 tok/s.", SUPPORTED),
        ("The median decode throughput of one:1b is 52 tok/s.", UNREAD),  # the mean is
        ("The median decode throughput of one:1b is 62 tok/s.", CONTRADICTED),
        ("The mean decode throughput of one:1b is 52 tok/s.", SUPPORTED),
        ("The decode throughput of one:1b is 42 tok/s (median).", SUPPORTED),
        ("The decode throughput of one:1b is 62 tok/s (median).", CONTRADICTED),
        ("The decode throughput of one:1b is between 40 and 94 tok/s.", SUPPORTED),
        ("The decode throughput of one:1b is between 41 and 94 tok/s.", CONTRADICTED),
        ("The best single run of one:1b has a decode throughput of 94 tok/s.", SUPPORTED),
        ("The best single run of one:1b has a decode throughput of 43 tok/s.", CONTRADICTED),
        ("The median TTFT of one:1b is ٨٠ ms.", SUPPORTED),
        ("The median TTFT of one:1b is ٩٠ ms.", CONTRADICTED),
        ("Decode throughput and TTFT of one:1b are 42 tok/s and 80 ms.", SUPPORTED),
        ("Decode throughput and TTFT of one:1b are 42 tok/s and 90 ms.", CONTRADICTED),
        ("The median TTFT is 80 ms.", SUPPORTED),  # there is one model
        ("The median TTFT is 90 ms.", CONTRADICTED),
    ],
)
def test_a_figure_is_what_the_words_call_it(runs: Folder, text: str, outcome: str) -> None:
    assert [each.outcome for each in check_document(text, runs)] == [outcome]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("The benchmarks ran on 2026-03-01.", SUPPORTED),
        ("The benchmarks ran on 2 March 2026.", SUPPORTED),
        ("The benchmarks ran on March 2nd, 2026.", SUPPORTED),
        ("The benchmarks ran in March 2026.", SUPPORTED),
        ("The benchmarks ran on 2026-03-03.", CONTRADICTED),
        ("The benchmarks ran in April 2026.", CONTRADICTED),
        ("The benchmarks ran on 2026-02-30.", CONTRADICTED),
        ("The last benchmark ran on 2026-03-01.", CONTRADICTED),
        ("The files were written on 2001-01-01.", CONTRADICTED),
        ("It is about 2026-03-01.", UNREAD),
    ],
)
def test_a_day_is_one_of_those_that_the_folder_has(runs: Folder, text: str, outcome: str) -> None:
    assert [each.outcome for each in check_document(text, runs)] == [outcome]
