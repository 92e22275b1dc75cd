"""Sentences written freely, as a model writes them in a report, true and false; no phrasing of them is used elsewhere.

They are what the product's decoder lets through: words and ids, no digit. `{gamma}` is a model, by the head of its tag;
`{gamma.ttft}`: the fact of that model that FACTS calls so; `{runs}`, `{files}`: facts of the folder; `{found.rate}`:
the finding that FINDINGS calls so. Whether a sentence is true was settled by hand, from the tables of the two folders:
SEED is data/reports, FOUR the folder of four models that worlds.py makes.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.grounding import EvidenceIndex, check

SEED, FOUR = "data/reports", "4 models, telemetry"

FACTS = {  # name -> kind and metric
    "rate": ("model_mean", "decode_tok_s"),
    "ttft": ("model_mean", "ttft_ms"),
    "warm": ("warm_mean", "ttft_ms"),
    "cold": ("cold_mean", "ttft_ms"),
    "p95": ("model_p95", "ttft_ms"),
    "set": ("best_params", "decode_tok_s"),
    "run": ("best_run", "decode_tok_s"),
}
FINDINGS = {
    "rate": ("rank_models", "decode"),
    "ttft": ("rank_models", "first token"),
    "cold": ("cold_starts", "gemma3"),
}

FIRST_TRUE: dict[str, tuple[str, ...]] = {
    SEED: (
        "{smollm2} leads in mean decode throughput with {smollm2.rate}, and {gemma3} follows with {gemma3.rate}.",
        "The evidence rests on {runs} runs read from {files} files.",
        "{gemma3} answers sooner, its first token takes {gemma3.ttft} on average against {smollm2.ttft} for {smollm2}.",
        "A cold start of {gemma3} pushes the mean time to first token to {gemma3.cold}, whereas its warm runs need "
        "only {gemma3.warm}.",
        "When {smollm2} is already loaded, users wait {smollm2.warm} on average for the first token.",
        "Cold runs of {smollm2} average {smollm2.cold} to the first token.",
        "{gemma3} has the shorter time to first token of the two models.",
        "The ninety-fifth percentile of time to first token is {gemma3.p95} for {gemma3}.",
        "In its best single run, {smollm2} decodes at {smollm2.run}.",
        "No test tells the two models apart in decode throughput.",
        "The difference in time to first token between {gemma3} and {smollm2} is statistically significant, as "
        "{found.ttft} shows.",
        "Temperature has no detectable effect on the decode throughput of {gemma3}.",
        "Power draw and memory were not measured.",
        "Choose {gemma3} for interactive use, since its mean time to first token is {gemma3.ttft}.",
        "With the right parameter set, {gemma3} raises its mean decode throughput to {gemma3.set}.",
        "Loading {gemma3} first costs time, as {found.cold} describes.",
        "{smollm2} needs more than twice as long as {gemma3} to its first token.",
        "Slow first tokens of {smollm2} are a matter of cold starts, which take {smollm2.cold} on average.",
        "Mean decode throughput is {smollm2.rate} for {smollm2} and {gemma3.rate} for {gemma3}, so both suit long "
        "answers.",
        "{smollm2} generates faster than {gemma3}, but its first token comes later.",
    ),
    FOUR: (
        "{gamma} is the fastest of the four models at {gamma.rate}, with {beta} second.",
        "{delta} trails every other model in both decode throughput and time to first token.",
        "Users of {delta} wait {delta.ttft} for the first token, the longest of all models.",
        "{beta} balances a throughput of {beta.rate} against a first token after {beta.ttft}.",
        "A larger context window lowers the decode throughput of {alpha}.",
        "Time to first token of {gamma} rises significantly with the context window.",
        "GPU utilisation and power were recorded for every model.",
        "{gamma} starts to answer after {gamma.ttft} and then writes {gamma.rate}.",
        "{alpha} decodes at {alpha.rate}, less than half of what {beta} reaches.",
        "The best parameter set of {beta} brings {beta.set}, while its mean over all runs is {beta.rate}.",
        "Even its slowest responses, {gamma.p95} at the ninety-fifth percentile of time to first token, are quicker "
        "than the mean of {beta}.",
        "In total, {runs} runs were measured.",
        "{gamma} should be preferred for both aims, as {gamma.rate} and {gamma.ttft} are the best means.",
        "{beta} comes second in decode throughput, behind {gamma}.",
        "A higher temperature delays the first token of {alpha}.",
        "For {delta}, decode throughput averages {delta.rate} and time to first token averages {delta.ttft}.",
        "The first token of {alpha} arrives after {alpha.ttft} on average, its tokens then flow at {alpha.rate}.",
        "Ranked by decode throughput, {delta} comes last with {delta.rate}.",
        "Context size affects the time to first token of all four models.",
        "{beta} is about twice as fast as {alpha} at decoding.",
    ),
}
FIRST_FALSE: dict[str, tuple[str, ...]] = {
    SEED: (
        "{gemma3} leads in mean decode throughput with {gemma3.rate}.",
        "{smollm2} leads in mean decode throughput with {gemma3.rate}, and {gemma3} follows with {smollm2.rate}.",
        "The evidence rests on {files} runs read from {runs} files.",
        "{smollm2} answers sooner, its first token takes {smollm2.ttft} on average.",
        "Warm runs of {gemma3} need {gemma3.cold} to the first token.",
        "A cold start of {smollm2} takes {gemma3.cold} to the first token.",
        "{smollm2} has the shortest time to first token of all models.",
        "The median time to first token of {gemma3} is {gemma3.ttft}.",
        "{smollm2} decodes significantly faster than {gemma3}, as {found.rate} shows.",
        "Temperature clearly changes the decode throughput of {gemma3}.",
        "Power draw stays low for {gemma3}, which makes it efficient.",
        "Choose {smollm2} for interactive use, since its mean time to first token of {gemma3.ttft} is the best.",
        "Every run of {gemma3} reaches {gemma3.run}.",
        "{gemma3} needs more than twice as long as {smollm2} to its first token.",
        "On average {smollm2} decodes at {smollm2.run}.",
        "Mean decode throughput is {gemma3.rate} for {smollm2} and {smollm2.rate} for {gemma3}.",
        "Half of the runs failed.",
        "{smollm2} reaches a mean decode throughput of {smollm2.set} over all its runs.",
        "{gemma3} generates faster than {smollm2}, and its first token comes sooner.",
        "The accuracy of {smollm2} is higher than that of {gemma3}.",
    ),
    FOUR: (
        "{beta} is the fastest of the four models at {beta.rate}.",
        "{alpha} trails every other model in decode throughput.",
        "Users of {delta} wait {delta.ttft} for the first token, the shortest of all models.",
        "{beta} balances a throughput of {beta.ttft} against a first token after {beta.rate}.",
        "A larger context window raises the decode throughput of {alpha}.",
        "Temperature has a significant effect on the decode throughput of {beta}.",
        "Energy consumption was lowest for {gamma}.",
        "{gamma} starts to answer after {beta.ttft} and then writes {gamma.rate}.",
        "{alpha} decodes at {alpha.rate}, more than half of what {beta} reaches.",
        "The mean over all runs of {beta} is {beta.set}.",
        "{gamma} and {beta} perform the same in decode throughput.",
        "In total, {files} runs were measured.",
        "{delta} should be preferred for both aims, as {gamma.rate} and {gamma.ttft} are its means.",
        "{alpha} comes second in decode throughput, behind {gamma}.",
        "A higher temperature brings the first token of {alpha} sooner.",
        "For {delta}, decode throughput averages {alpha.rate} and time to first token averages {delta.ttft}.",
        "The first token of {alpha} arrives after {alpha.p95} on average.",
        "Ranked by decode throughput, {delta} comes first with {delta.rate}.",
        "Context size has no effect on the time to first token of {alpha}.",
        "{beta} is about three times as fast as {alpha} at decoding.",
    ),
}

SECOND_TRUE: dict[str, tuple[str, ...]] = {
    SEED: (
        "Interactive chats profit from {gemma3}, whose mean time to first token is {gemma3.ttft}.",
        "At {smollm2.rate} on average, {smollm2} has the edge in decode throughput.",
        "{gemma3} spends {gemma3.cold} before the first token of a cold run.",
        "The gap between cold and warm runs of {gemma3} is large, from {gemma3.cold} down to {gemma3.warm}.",
        "Long waits are rare for {gemma3}, yet its ninety-fifth percentile of time to first token is {gemma3.p95}.",
        "Nothing in the files tells how much power {gemma3} draws.",
        "The decode throughput of {gemma3} does not depend on top-k in any way that a test detects.",
        "Repeat penalty makes no detectable difference to the throughput of {smollm2}.",
        "The highest decode throughput of a single run is {smollm2.run}, reached by {smollm2}.",
        "Both models were measured over {runs} runs in total.",
    ),
    FOUR: (
        "Among the four models, {gamma} stands out with {gamma.rate} and a first token after {gamma.ttft}.",
        "{delta} takes more than eight times as long as {gamma} to produce its first token.",
        "Going from {alpha} to {beta} roughly doubles the decode throughput.",
        "With {beta.rate}, {beta} decodes faster than {alpha} and {delta}.",
        "None of the models decodes faster than {gamma}.",
        "A user of {alpha} waits {alpha.ttft} before the first token appears.",
        "{gamma} keeps its lead in time to first token with {gamma.ttft}.",
        "Longer contexts delay the first token of {delta} and reduce its decode throughput.",
        "The mean decode throughput of {alpha} lies between that of {delta} and that of {beta}.",
        "The power draw of each model was recorded during its runs.",
    ),
}
SECOND_FALSE: dict[str, tuple[str, ...]] = {
    SEED: (
        "Interactive chats profit from {smollm2}, whose mean time to first token is {gemma3.ttft}.",
        "At {gemma3.rate} on average, {gemma3} has the edge in decode throughput.",
        "{gemma3} spends {smollm2.cold} before the first token of a cold run.",
        "Most runs of {gemma3} wait {gemma3.p95} for the first token.",
        "{gemma3} draws less power than {smollm2}.",
        "The decode throughput of {gemma3} depends strongly on temperature.",
        "Repeat penalty slows {smollm2} down significantly.",
        "The highest decode throughput of a single run is {gemma3.run}, reached by {gemma3}.",
        "Both models were measured over {files} runs in total.",
        "There is a significant gap in decode throughput between {gemma3} and {smollm2}.",
    ),
    FOUR: (
        "Among the four models, {gamma} stands out with {beta.rate} and a first token after {gamma.ttft}.",
        "{delta} takes more than ten times as long as {gamma} to produce its first token.",
        "Going from {beta} to {alpha} roughly doubles the decode throughput.",
        "With {beta.rate}, {beta} decodes faster than {alpha} and {gamma}.",
        "None of the models decodes faster than {beta}.",
        "A user of {alpha} waits {alpha.set} before the first token appears.",
        "{beta} keeps its lead in time to first token with {beta.ttft}.",
        "Longer contexts shorten the first token of {delta} and raise its decode throughput.",
        "The memory of the GPU limits {delta}.",
        "Every model reaches at least {beta.rate} of mean decode throughput.",
    ),
}
THIRD_TRUE: dict[str, tuple[str, ...]] = {
    SEED: (
        "Cold starts of {smollm2} cost {smollm2.cold} until the first token, far above its warm runs.",
        "Users notice {gemma3} first, for it delivers a first token after {gemma3.ttft} on average.",
        "Since {smollm2} averages {smollm2.rate}, long answers favour it.",
        "Neither model was tested for accuracy.",
        "The parameter sweeps reveal no effect of top-p on the time to first token of {smollm2}.",
        "{gemma3} has a lower mean decode throughput than {smollm2}, {gemma3.rate} against {smollm2.rate}.",
        "Tail latency is a weakness of {smollm2}, with a ninety-fifth percentile of time to first token of "
        "{smollm2.p95}.",
        "A total of {files} benchmark files feed this report.",
        "Keep {gemma3} warm, as its first token then takes {gemma3.warm} instead of {gemma3.cold}.",
        "A peak of {gemma3.run} was reached by a single run of {gemma3}.",
    ),
    FOUR: (
        "{gamma} wins in both decode throughput and time to first token.",
        "The slowest model, {delta}, decodes only {delta.rate} on average.",
        "{alpha} sits behind {gamma} and {beta} in decode throughput.",
        "A mean of {beta.ttft} makes {beta} the second fastest to the first token.",
        "Raising the temperature leaves the decode throughput of {gamma} unaffected.",
        "{gamma} is significantly faster than {delta} at decoding.",
        "Shorter contexts bring the first token of {beta} sooner.",
        "Tuning pays off for {alpha}, whose best configuration decodes {alpha.set}.",
        "{delta} needs {delta.ttft} to the first token, more than twice what {alpha} needs.",
        "No run of any model failed.",
    ),
}
THIRD_FALSE: dict[str, tuple[str, ...]] = {
    SEED: (
        "Cold starts of {smollm2} cost {smollm2.ttft} until the first token.",
        "Users notice {gemma3} first, for it delivers a first token after {gemma3.p95} on average.",
        "Since {gemma3} averages {smollm2.rate}, long answers favour it.",
        "{gemma3} answers more accurately than {smollm2}.",
        "The parameter sweeps reveal a strong effect of top-p on the time to first token of {smollm2}.",
        "{gemma3} has a higher mean decode throughput than {smollm2}, {gemma3.rate} against {smollm2.rate}.",
        "Tail latency is a weakness of {smollm2}, with a median time to first token of {smollm2.p95}.",
        "A total of {files} runs feed this report.",
        "Keep {gemma3} warm, as its first token then takes {smollm2.warm}.",
        "A peak of {smollm2.run} was reached by a single run of {gemma3}.",
    ),
    FOUR: (
        "{beta} wins in both decode throughput and time to first token.",
        "The slowest model, {alpha}, decodes only {alpha.rate} on average.",
        "{alpha} sits behind {delta} in decode throughput.",
        "A mean of {beta.ttft} makes {beta} the fastest to the first token.",
        "Raising the temperature lowers the decode throughput of {gamma} significantly.",
        "{delta} is significantly faster than {gamma} at decoding.",
        "Shorter contexts bring the first token of {beta} later.",
        "Tuning pays off for {alpha}, whose best configuration decodes {beta.set}.",
        "{delta} needs {delta.ttft} to the first token, more than four times what {alpha} needs.",
        "Two of the four models failed in several runs.",
    ),
}
SETS = {"first": (FIRST_TRUE, FIRST_FALSE), "second": (SECOND_TRUE, SECOND_FALSE), "third": (THIRD_TRUE, THIRD_FALSE)}


class Verdict(NamedTuple):
    of: str  # name of the set
    text: str
    is_true: bool
    kept: bool
    reason: str


def fresh(folder: str, index: EvidenceIndex) -> Iterator[Verdict]:
    """What the checker says of each sentence about a folder; none of a folder that is neither SEED nor FOUR."""
    for name, (true, false) in SETS.items():
        for is_true, texts in ((True, true.get(folder, ())), (False, false.get(folder, ()))):
            for text in texts:
                [checked] = check([_filled(text, index)], index, index.models)
                yield Verdict(name, checked.rendered, is_true, checked.kept, checked.reason)


def _filled(text: str, index: EvidenceIndex) -> str:
    return re.sub(r"\{([\w.]+)\}", lambda match: f"{{{_id(match[1], index)}}}", text)


def _id(name: str, index: EvidenceIndex) -> str:
    subject, _, what = name.partition(".")
    if subject == "found":
        detector, words = FINDINGS[what]
        return next(each.id for each in index.findings.values() if each.detector == detector and words in each.subject)
    if name in ("files", "runs"):
        return next(each.id for each in index.facts.values() if each.kind == name)
    place, model = next((i, each) for i, each in enumerate(index.models, 1) if each.startswith(f"{subject}:"))
    if not what:
        return f"M{place}"
    return next(
        each.id for each in index.facts.values() if (each.kind, each.metric) == FACTS[what] and each.model == model
    )
