"""Sentences about small folders made by hand: contradicted, supported, or could not be read."""

import random
import time
from pathlib import Path

import pytest

from chimera_dagster.grounding.folder import Folder
from chimera_dagster.grounding.outcome import NOTHING, UNREAD, CheckedSentence, check_document
from chimera_dagster.ingest.folder import read_in_memory

CONTRADICTED, SUPPORTED = "contradicted", "supported"


def folder_of(root: Path) -> Folder:
    read = read_in_memory(root)
    return Folder(read.files, read.measurements)


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Three sessions of two models at 1, 4 and 16 requests at once; two runs failed, and scores are in a table.

    fast:1b decodes 100, 91 and 40 tok/s and shows its first token after 50, 60 and 400 ms; slow:7b a quarter as many
    tok/s, and after four times as long.
    """
    root = tmp_path_factory.mktemp("load")
    random_ = random.Random(3)
    for session in (1, 2, 3):
        rows: list[str] = []
        for model, times in (("fast:1b", 1), ("slow:7b", 4)):
            for level, rate, ttft in ((1, 100, 50), (4, 91, 60), (16, 40, 400)):
                for _ in range(3):
                    one = rate / times * random_.uniform(0.999, 1.001)
                    first = ttft * times * random_.uniform(0.999, 1.001)
                    rows.append(f"{model},{level},{first:.3f},{one:.3f},{one * level:.3f},200,")
        if session == 1:
            rows += ["slow:7b,16,,,,200,timeout", "slow:7b,16,,,,200,timeout"]
        head = "model,concurrency,ttft_ms,decode_tok_s,output_tok_s,power_w,error"
        (root / f"session_{session}.csv").write_text("\n".join([head, *rows]) + "\n")
    (root / "scores.md").write_text(
        "| model | accuracy | questions |\n|---|---|---|\n| fast:1b | 0.55 | 200 |\n| slow:7b | 0.74 | 200 |\n"
    )
    return folder_of(root)


@pytest.fixture(scope="module")
def tuning(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Two models alike in decode throughput, and apart in TTFT, over temperatures; and cold starts of both."""
    root = tmp_path_factory.mktemp("tuning")
    wobble = (0.9, 1.08, 0.95, 1.1, 1.0, 0.97, 1.05, 0.93)
    for model, ttft, load in (("one:1b", 80, 2000), ("two:2b", 400, 1500)):
        rows = [
            f"{model},{temperature},{50 * wobble[(place + shift) % 8]:.2f},{ttft * wobble[(place + 3) % 8]:.2f},9"
            for shift, temperature in enumerate((0.2, 0.8))
            for place in range(8)
        ]
        name = model.replace(":", "_")
        (root / "sweeps").mkdir(exist_ok=True)
        (root / "cold_start").mkdir(exist_ok=True)
        head = "model,temperature,decode_tok_s,ttft_ms,load_ms\n"
        (root / "sweeps" / f"{name}_temperature.csv").write_text(head + "\n".join(rows) + "\n")
        cold = [f"{model},0.2,{50 * each:.2f},{(ttft + load) * each:.2f},{load * each:.1f}" for each in wobble[:4]]
        cold += [f"{model},0.2,{50 * each:.2f},{ttft * each:.2f},9" for each in wobble]
        (root / "cold_start" / f"{name}.csv").write_text(head + "\n".join(cold) + "\n")
    return folder_of(root)


def only(folder: Folder, text: str) -> CheckedSentence:
    [found] = check_document(text, folder)
    return found


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        # figures: of the metric, model and level that the words bind them to
        ("With one request at a time, fast:1b decodes 100 tok/s.", SUPPORTED),
        ("With one request at a time, fast:1b decodes 91 tok/s.", CONTRADICTED),
        ("With one request at a time, fast:1b decodes 100 ms.", CONTRADICTED),
        ("At 16 requests at once, the first token of slow:7b comes after 1.6 s.", SUPPORTED),
        ("At 16 requests at once, the first token of slow:7b comes after 200 ms.", CONTRADICTED),
        ("At 64 requests at once, fast:1b decodes 100 tok/s.", CONTRADICTED),
        ("At 4 requests at once, fast:1b and slow:7b decode 91 and 22.8 tok/s, respectively.", SUPPORTED),
        ("At 4 requests at once, fast:1b and slow:7b decode 22.8 and 91 tok/s, respectively.", CONTRADICTED),
        ("At 4 requests at once, fast:1b decodes 91 tok/s rather than 100.", SUPPORTED),
        ("fast:1b reaches 100 tok/s with one request at a time.", UNREAD),  # decode or output throughput?
        ("With one request at a time, the throughput of fast:1b is 100 tok/s.", SUPPORTED),  # both are
        ("The usual figure is 100.", UNREAD),
        ("slow:7b answers 74 % of the questions, which is its accuracy.", SUPPORTED),
        ("slow:7b has an accuracy of 84 %.", CONTRADICTED),
        ("Every run of fast:1b decodes 100 tok/s with one request at a time.", UNREAD),
        # orders, by what a word says of which metric
        ("fast:1b decodes faster than slow:7b.", SUPPORTED),
        ("slow:7b decodes faster than fast:1b.", CONTRADICTED),
        ("fast:1b does not decode faster than slow:7b.", CONTRADICTED),
        ("fast:1b is well ahead of slow:7b in responsiveness.", SUPPORTED),
        ("slow:7b is well ahead of fast:1b in responsiveness.", CONTRADICTED),
        ("fast:1b is well ahead of slow:7b.", UNREAD),
        ("fast:1b is faster than slow:7b.", UNREAD),
        ("fast:1b is faster than slow:7b in accuracy.", CONTRADICTED),
        ("fast:1b comes out ahead on every measure.", CONTRADICTED),
        ("Once the load is 16 requests at once, slow:7b shows its first token sooner than fast:1b.", CONTRADICTED),
        ("fast:1b decodes 4 times as fast as slow:7b.", SUPPORTED),
        ("fast:1b decodes 3 times as fast as slow:7b.", CONTRADICTED),
        ("slow:7b is 19 points more accurate than fast:1b.", SUPPORTED),
        ("slow:7b is 29 points more accurate than fast:1b.", CONTRADICTED),
        ("slow:7b comes last in decode throughput.", SUPPORTED),
        ("fast:1b may decode faster than slow:7b.", UNREAD),
        # changes with the load
        ("The decode throughput of fast:1b falls from 100 to 40 tok/s over 1 to 16 requests at once.", SUPPORTED),
        ("The decode throughput of fast:1b falls from 91 to 40 tok/s over 1 to 16 requests at once.", CONTRADICTED),
        ("The TTFT of fast:1b grows with concurrency.", SUPPORTED),
        ("The TTFT of fast:1b falls with concurrency.", CONTRADICTED),
        ("Concurrency has no effect on the TTFT of fast:1b.", CONTRADICTED),
        ("fast:1b keeps 90 % of its highest decode throughput up to 4 requests at once.", SUPPORTED),
        ("fast:1b keeps 90 % of its highest decode throughput up to 16 requests at once.", CONTRADICTED),
        ("The output throughput of fast:1b is highest with 16 requests at once.", SUPPORTED),
        ("The output throughput of fast:1b is highest with 4 requests at once.", CONTRADICTED),
        # counts
        ("2 of 56 runs failed.", SUPPORTED),
        ("3 of 56 runs failed.", CONTRADICTED),
        ("The folder holds 4 files.", SUPPORTED),
        ("The folder holds 5 files.", CONTRADICTED),
        # what was measured
        ("Power was measured.", SUPPORTED),
        ("Power was not measured.", CONTRADICTED),
        ("GPU utilisation was not measured.", SUPPORTED),
        ("GPU utilisation was recorded.", CONTRADICTED),
        ("The GPU utilisation of fast:1b was high.", UNREAD),
        # names alone are no support
        ("The folder has fast:1b.", UNREAD),
        ("The averages of fast:1b include its two failed runs.", UNREAD),
        ("mistral:7b decodes faster than slow:7b.", UNREAD),
        # causes and advice can't be computed
        ("fast:1b trails in accuracy because the GPU was throttled.", UNREAD),
        ("Deploy slow:7b, as it decodes 25 tok/s with one request at a time.", UNREAD),
        ("Deploy slow:7b, as it decodes 99 tok/s with one request at a time.", CONTRADICTED),
        ("The results were pleasing.", UNREAD),
    ],
)
def test_what_is_said_of_a_load_test(load: Folder, text: str, outcome: str) -> None:
    found = only(load, text)
    assert found.outcome == outcome, found


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("one:1b decodes faster than two:2b.", CONTRADICTED),  # no test tells them apart
        ("one:1b and two:2b can't be told apart in decode throughput.", SUPPORTED),
        ("one:1b and two:2b can't be told apart in time to first token.", CONTRADICTED),
        ("one:1b and two:2b have the same decode throughput.", UNREAD),  # not told apart is not equal
        ("The difference in TTFT between one:1b and two:2b is significant.", SUPPORTED),
        ("The difference in decode throughput between one:1b and two:2b is significant.", CONTRADICTED),
        ("Temperature has no effect on the decode throughput of one:1b.", SUPPORTED),
        ("The decode throughput of one:1b grows with temperature.", CONTRADICTED),
        ("A cold start adds 2.0 s to the first token of one:1b.", SUPPORTED),
        ("A cold start adds 1.0 s to the first token of one:1b.", CONTRADICTED),
        ("8 of 56 runs loaded their model first.", SUPPORTED),
        ("temperature=0.5 was tried with one:1b.", CONTRADICTED),
    ],
)
def test_what_is_said_of_two_models_that_are_alike_in_one_metric(tuning: Folder, text: str, outcome: str) -> None:
    found = only(tuning, text)
    assert found.outcome == outcome, found


@pytest.fixture(scope="module")
def scopes(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """a:1b leads in the baseline, b:1b in the night sweep."""
    root = tmp_path_factory.mktemp("scopes")
    for name, rates in (("baseline", {"a:1b": 80, "b:1b": 40}), ("night", {"a:1b": 30, "b:1b": 60})):
        (root / name).mkdir()
        for model, rate in rates.items():
            rows = [f"{model},{rate * wobble:.2f}" for wobble in (0.99, 1.0, 1.01, 1.0)]
            text = "model,decode_tok_s\n" + "\n".join(rows) + "\n"
            (root / name / f"{model.replace(':', '_')}.csv").write_text(text)
    return folder_of(root)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("In the baseline runs, a:1b decodes 80 tok/s.", SUPPORTED),
        ("In the night sweep, a:1b decodes 80 tok/s.", CONTRADICTED),
        ("According to night/a_1b.csv, a:1b decodes 30 tok/s.", SUPPORTED),
        ("According to night/a_1b.csv, a:1b decodes 80 tok/s.", CONTRADICTED),
        ("In the baseline runs, a:1b decodes faster than b:1b.", SUPPORTED),
        ("In the night sweep, a:1b decodes faster than b:1b.", CONTRADICTED),
        ("See nightly.csv, in which a:1b decodes 30 tok/s.", UNREAD),
    ],
)
def test_a_file_or_an_experiment_bounds_what_is_said(scopes: Folder, text: str, outcome: str) -> None:
    found = only(scopes, text)
    assert found.outcome == outcome, found


def test_a_flagged_sentence_says_what_the_folder_has_and_where(scopes: Folder) -> None:
    found = only(scopes, "In the night sweep, a:1b decodes 80 tok/s.")
    assert found.reason == "the folder has another value"
    assert "a:1b: 30 tok/s (n=4, night/a_1b.csv: row 1, row 2, row 3 and 1 more)" in found.evidence


def test_a_pronoun_stands_for_the_model_of_the_sentence_before(load: Folder) -> None:
    right, wrong = (
        check_document(f"fast:1b was tried first. With one request at a time, it decodes {rate} tok/s.", load)[1]
        for rate in (100, 25)
    )
    assert (right.outcome, wrong.outcome) == (UNREAD, UNREAD)  # a pronoun in the middle is not resolved
    right, wrong = (
        check_document(f"fast:1b was tried first. It decodes {rate} tok/s at concurrency 1.", load)[1]
        for rate in (100, 25)
    )
    assert (right.outcome, wrong.outcome) == (SUPPORTED, CONTRADICTED)


def test_a_heading_is_listed_only_if_it_claims_something(load: Folder) -> None:
    found = check_document("# Results\n\n## slow:7b decodes faster than fast:1b\n", load)
    assert [(each.line, each.outcome) for each in found] == [(3, CONTRADICTED)]


def test_a_sentence_without_a_claim_says_so(load: Folder) -> None:
    assert only(load, "The weather was fine.").reason == NOTHING


def test_a_table_is_checked_row_by_row(load: Folder) -> None:
    text = "| model | concurrency | TTFT (ms) |\n|---|---|---|\n| fast:1b | 1 | 50 |\n| slow:7b | 1 | 50 |\n"
    assert [(each.line, each.outcome) for each in check_document(text, load)] == [(3, SUPPORTED), (4, CONTRADICTED)]


@pytest.mark.parametrize(
    "piece",
    [
        "1 and ",
        "9 % ",
        "from 1 to ",
        "not faster ",
        "as as ",
        "((",
        "word. ",
        "16 requests at once, ",
        "1-",
        "one hundred ",
    ],
)
def test_no_text_takes_more_than_its_length_allows(load: Folder, piece: str) -> None:
    def seconds(size: int) -> float:
        start = time.process_time()
        check_document((piece * (size // len(piece)))[:size] + "\n\n", load)
        return time.process_time() - start

    seconds(900)
    short, long = max(0.01, seconds(4_000)), seconds(40_000)
    assert long < 60 * short


def test_a_sentence_of_any_length_is_left_unread(load: Folder) -> None:
    assert only(load, "fast:1b decodes faster than slow:7b, " * 60).outcome == UNREAD
