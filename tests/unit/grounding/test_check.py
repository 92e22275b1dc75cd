"""Statements against a small folder made by hand: each claim is executed, and only what the files say is kept."""

from pathlib import Path

import pytest

from chimera_dagster.evidence.summary import summarise
from chimera_dagster.grounding import CheckedStatement, EvidenceIndex, check, index_evidence
from chimera_dagster.grounding.evidence_rows import own_figures
from chimera_dagster.ingest.folder import read_in_memory
from tests.planted.tally import run
from tests.planted.worlds import World, synthetic

FAILED = ("contradicted", "unsupported")
MODELS = ["fast:1b", "slow:7b"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> EvidenceIndex:
    """fast:1b: 100, 110, 120 tok/s and 50, 40, 90 ms; slow:7b: 10, 20, 30 tok/s at 512 and 1024, 400 to 800 ms."""
    root = tmp_path_factory.mktemp("reports")
    rows = [
        *("fast:1b,512,100,50,", "fast:1b,512,110,40,", "fast:1b,512,120,90,", "fast:1b,512,,,lost"),
        *("slow:7b,512,10,400,", "slow:7b,512,20,500,", "slow:7b,512,30,600,"),
        *("slow:7b,1024,8,600,", "slow:7b,1024,12,700,", "slow:7b,1024,10,800,"),
    ]
    (root / "runs.csv").write_text("model,num_ctx,tokens_s,ttft_ms,error\n" + "\n".join(rows) + "\n")
    (root / "notes.md").write_text("Two models.\n")
    read = read_in_memory(root)
    return index_evidence(read.files, read.measurements, summarise(read.measurements))


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> EvidenceIndex:
    """fast:1b at concurrency 1, 8 and 16; slow:7b, which is faster at equal load, at 1 only; far:2b at 64."""
    root = tmp_path_factory.mktemp("loads")
    rates = {("fast:1b", 1): 80, ("fast:1b", 8): 520, ("fast:1b", 16): 900, ("slow:7b", 1): 100, ("far:2b", 64): 50}
    rows = [f"{model},{load},{rate + place}" for (model, load), rate in rates.items() for place in range(3)]
    (root / "runs.csv").write_text("model,concurrency,tokens_s\n" + "\n".join(rows) + "\n")
    read = read_in_memory(root)
    return index_evidence(read.files, read.measurements, summarise(read.measurements))


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("fast:1b is faster than slow:7b in decode throughput.", "contradicted"),
        ("slow:7b is faster than fast:1b in decode throughput.", "supported"),
        ("far:2b is slower than fast:1b in decode throughput.", "unsupported"),
        ("fast:1b has the highest decode throughput.", "unsupported"),
    ],
)
def test_models_are_compared_under_the_conditions_that_they_share(
    loads: EvidenceIndex, text: str, verdict: str
) -> None:
    claims = check([text], loads, [*MODELS, "far:2b"])[0].claims
    assert verdict in {claim.verdict for claim in claims if claim.kind in ("comparison", "rank")}


def checked(index: EvidenceIndex, text: str) -> CheckedStatement:
    return check([text], index, MODELS)[0]


def verdicts(index: EvidenceIndex, text: str) -> list[tuple[str, str]]:
    claims = checked(index, text).claims
    return [(claim.kind, claim.verdict) for claim in claims if claim.kind != "model" or claim.verdict in FAILED]


@pytest.mark.parametrize(
    "text",
    [
        "fast:1b reaches 110 tok/s on average.",
        "The median TTFT of fast:1b is 50 ms, its mean 60 ms (n=3).",
        "The maximum TTFT of fast:1b is 0.09 s.",
        "slow:7b has a mean TTFT of 600 ms over 6 runs.",
        "At num_ctx=1024, slow:7b averages 10 tok/s.",
        "fast:1b and slow:7b reach a mean throughput of 110 and 15 tok/s, respectively.",
        "fast:1b is more than 7 times as fast as slow:7b.",
        "slow:7b is not faster than fast:1b.",
        "**{M1}** is the fastest model.",
        "TTFT of slow:7b grows with num_ctx.",
        "A higher num_ctx lowers the throughput of slow:7b.",
        "slow:7b is slower at num_ctx=1024 than at num_ctx=512.",
        "1 of 4 runs of fast:1b failed.",
        "2 files were read, one of them runs.csv.",
        "No GPU telemetry was recorded.",
        "Consider a shorter prompt where answers may be late.",
        "slow:7b runs at 15 tok/s and needs 600 ms to the first token on average.",
        "The first token of fast:1b arrives after 60 ms on average, its tokens then flow at 110 tok/s.",
        "fast:1b is faster than slow:7b, and its first token comes sooner.",
        "fast:1b beats the other model in both throughput and TTFT.",
        "Longer contexts delay the first token of slow:7b and reduce its throughput.",
        "Going from slow:7b to fast:1b makes throughput more than 7 times as high.",
        "Every model reaches at least 15 tok/s on average.",
        "GPU utilisation and power draw were not recorded.",
        "A cold start delays the first token.",
        "The best parameter set of slow:7b averages 20 tok/s.",
        "Ⅿ is a letter, and fast:1b reaches ١١٠ tok/s.",
    ],
)
def test_true_statements_are_kept(index: EvidenceIndex, text: str) -> None:
    assert checked(index, text).kept, checked(index, text).reason


@pytest.mark.parametrize(
    ("text", "kind", "verdict"),
    [
        ("fast:1b reaches 15 tok/s on average.", "value", "contradicted"),  # true of slow:7b
        ("The mean TTFT of fast:1b is 50 ms.", "value", "contradicted"),  # its median
        ("fast:1b reaches a mean throughput of 110 ms.", "value", "contradicted"),
        ("fast:1b reaches a mean throughput of -110 tok/s.", "value", "contradicted"),
        ("fast:1b reaches ١٢٠ tok/s.", "value", "contradicted"),
        ("slow:7b has a mean TTFT of 600 ms over 7 runs.", "n", "contradicted"),
        ("slow:7b is faster than fast:1b.", "comparison", "contradicted"),
        ("fast:1b is outperformed by slow:7b.", "comparison", "contradicted"),
        ("fast:1b is twice as fast as slow:7b.", "comparison", "contradicted"),
        ("fast:1b is not the fastest model.", "rank", "contradicted"),
        ("slow:7b ranks first in TTFT.", "rank", "contradicted"),
        ("TTFT of slow:7b falls with num_ctx.", "direction", "contradicted"),
        ("TTFT of fast:1b grows with num_ctx.", "direction", "unsupported"),  # one value only
        ("num_ctx has no effect on the TTFT of fast:1b.", "significance", "unsupported"),
        ("Results of medium:3b were better.", "model", "unsupported"),
        ("slow:7b ran with num_ctx=2048.", "parameter", "unsupported"),
        ("See nightly.csv.", "file", "unsupported"),
        ("The newest file was modified on 2019-02-03.", "date", "contradicted"),
        ("The file was modified on 2025-02-30.", "date", "contradicted"),
        ("GPU utilisation was high.", "telemetry", "unsupported"),
        ("TTFT was not measured.", "lack", "contradicted"),
        ("About two thirds of it was useful.", "figure", "unsupported"),
        ("It works half of the time.", "figure", "unsupported"),
        ("Version 2.31 was used.", "figure", "unsupported"),
        ("3 files were read.", "count", "contradicted"),
        ("{F99} says so.", "citation", "unsupported"),
        ("slow:7b runs at 110 tok/s and needs 600 ms to the first token.", "value", "contradicted"),
        ("fast:1b is faster than slow:7b, but its first token comes later.", "comparison", "contradicted"),
        ("slow:7b beats the other model in throughput.", "comparison", "contradicted"),
        ("slow:7b answers sooner.", "comparison", "contradicted"),
        ("fast:1b outperforms slow:7b in throughput and prompt tokens.", "comparison", "unsupported"),
        ("Longer contexts delay the first token of slow:7b and raise its throughput.", "direction", "contradicted"),
        ("Every model reaches at least 110 tok/s on average.", "value", "contradicted"),
        ("num_ctx shapes the TTFT of slow:7b.", "data", "unsupported"),
        ("A cold start delays the first token of fast:1b.", "direction", "unsupported"),  # none was measured
    ],
)
def test_false_and_groundless_statements_are_named(index: EvidenceIndex, text: str, kind: str, verdict: str) -> None:
    assert (kind, verdict) in verdicts(index, text)
    assert not checked(index, text).kept


def test_a_citation_is_a_typed_claim(index: EvidenceIndex) -> None:
    fact = next(
        each.id
        for each in index.facts.values()
        if (each.kind, each.model, each.metric) == ("model_mean", "fast:1b", "ttft_ms")
    )
    right = checked(index, f"The mean TTFT of fast:1b is {{{fact}}}.")
    assert right.kept
    assert right.rendered == "The mean TTFT of fast:1b is 60 ms."
    for wrong in (
        f"The mean throughput of fast:1b is {{{fact}}}.",
        f"The mean TTFT of slow:7b is {{{fact}}}.",
        f"The median TTFT of fast:1b is {{{fact}}}.",
        f"fast:1b runs at {{{fact}}} tok/s.",
        f"{{{fact}}} files were read.",
        f"The mean TTFT of fast:1b is not {{{fact}}}.",
        f"The mean TTFT is {{{fact}}}.",  # of both models together it is another
        f"The mean TTFT of fast:1b is more than {{{fact}}}.",
        f"Every model has a mean TTFT of {{{fact}}}.",
        f"Not every model has a mean TTFT of at least {{{fact}}}.",
    ):
        assert ("citation", "contradicted") in verdicts(index, wrong), wrong


def test_a_count_is_cited_with_what_it_counts(index: EvidenceIndex) -> None:
    fact = next(each.id for each in index.facts.values() if each.kind == "runs")
    assert checked(index, f"The report rests on {{{fact}}} runs.").kept
    assert not checked(index, f"The report rests on {{{fact}}} files.").kept
    assert not checked(index, f"It shows a lot, {{{fact}}}.").kept


def test_a_finding_is_cited_for_what_it_is_about(index: EvidenceIndex) -> None:
    finding = next(each.id for each in index.findings.values() if each.subject == "time to first token")
    right = checked(index, f"{{M1}} has the better TTFT, as {{{finding}}} shows.")
    assert right.kept, right.reason
    assert right.rendered == f"fast:1b has the better TTFT, as {finding} shows."
    assert not checked(index, f"{{M1}} has the better throughput, as {{{finding}}} shows.").kept
    assert not checked(index, "{M1} has the better TTFT, as {D99} shows.").kept


def test_a_clause_goes_on_about_the_runs_of_the_one_before(tmp_path: Path) -> None:
    rows = [
        f"a:1b,{rate},{ttft},{load}" for rate, ttft, load in ((50, 2000, 1900), *[(50 + i, 100, 9) for i in range(9)])
    ]
    (tmp_path / "runs.csv").write_text("model,tokens_s,ttft_ms,load_ms\n" + "\n".join(rows) + "\n")
    read = read_in_memory(tmp_path)
    cold = index_evidence(read.files, read.measurements, summarise(read.measurements))
    for text, kept in (
        ("Cold starts of a:1b take 100 ms and its warm runs 2000 ms.", False),
        ("A cold start delays the first token.", True),
        ("A cold start shortens the first token.", False),
        ("A cold start does not delay the first token.", False),
    ):
        result = check([text], cold, ["a:1b"])[0]
        assert result.kept is kept, (text, result.reason)


def test_a_figure_without_a_type_is_never_matched_with_a_value_that_happens_to_be_there(index: EvidenceIndex) -> None:
    for text in ("110 was seen.", "It took 60 ms.", "fast:1b: 110."):
        assert not checked(index, text).kept, text


def test_significance_needs_a_test(index: EvidenceIndex) -> None:
    assert ("significance", "supported") in verdicts(index, "fast:1b is significantly faster than slow:7b.")
    assert ("significance", "unsupported") in verdicts(index, "There was a significant effort.")


def test_a_trial_own_figures_are_those_of_its_metrics(index: EvidenceIndex) -> None:
    head = {"throughput_tok_s": 33.3, "ttft_ms": 70.0}
    own = EvidenceIndex.__new__(EvidenceIndex)
    own.__dict__.update(index.__dict__)
    own.own, own.own_telemetry, own.own_model = own_figures(
        {"headline": head, "telemetry": {"power_mean_w": 80.0}, "model": "fast:1b"}
    )
    assert checked(own, "This trial reached a throughput of 33.3 tok/s.").kept
    assert not checked(own, "This trial reached a throughput of 110 tok/s.").kept


def test_planted_falsehoods_are_caught_and_truths_kept(tmp_path: Path) -> None:
    models = {"alpha:7b": (42.0, 310.0), "beta:3b": (88.0, 150.0), "gamma:1b": (151.0, 95.0)}
    world = World("small", synthetic(tmp_path, 1, models, telemetry=False, repeats=2))
    tally = run([world], seed=3, most=1)
    assert sum(tally.planted.values()) >= 200
    for half in ("developed on", "held out"):
        assert tally.share(half) >= 0.95, tally.missed
        assert tally.alarm_share(half) <= 0.04, tally.missed


def test_a_finding_that_is_cited_claims_nothing_and_must_exist(index: EvidenceIndex) -> None:
    [id_, *_] = sorted(index.findings)
    assert checked(index, f"Load the model before the first request {{{id_}}}.").kept
    assert checked(index, f"Load the model before the first request [{id_}].").kept
    assert not checked(index, "Load the model before the first request {D99}.").kept
    assert not checked(index, "Load the model before the first request [D99].").kept
