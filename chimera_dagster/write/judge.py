"""Judges a parsed answer: checks each statement against the evidence and decides, once, whether it is shown."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from chimera_dagster.grounding import CheckedStatement, Claim, EvidenceIndex, Verdict, check, worst_verdict
from chimera_dagster.spec.sweep import Policy
from chimera_dagster.write.answer import Answer, Place, Statement
from chimera_dagster.write.self_check import SelfCheck

# A statement with a claim of such a verdict is withheld: it is not shown as the model's.
_WITHHELD: Mapping[Policy, Collection[Verdict]] = {
    "strict": ("contradicted", "void", "unsupported"),
    "annotate": ("contradicted", "void"),
}


class JudgedStatement(Statement, frozen=True):
    """A statement with its verdict, which is the worst of its claims' verdicts.

    `rendered` has figures and model tags in place of their ids. `shown`: the policy lets a reader see it as the model's
    statement. `reason` says why not; it may be there for one that is shown, if the policy is `annotate`.
    """

    rendered: str
    claims: tuple[Claim, ...]
    verdict: Verdict
    shown: bool
    reason: str


class JudgedAnswer(Answer, frozen=True):
    """A parsed answer of which every statement is judged under `policy`. Everything after judging reads this."""

    statements: tuple[JudgedStatement, ...]
    policy: Policy

    def shown(self, *places: Place) -> list[JudgedStatement]:
        """The statements that are shown, in their order; with `places` only those there."""
        return [it for it in self.statements if it.shown and (not places or it.place in places)]

    @property
    def withheld(self) -> list[JudgedStatement]:
        return [it for it in self.statements if not it.shown]

    @property
    def promptable(self) -> list[JudgedStatement]:
        """The statements with nothing against them, whatever the policy: those that a later prompt may list."""
        return [it for it in self.statements if it.verdict in ("supported", "not checkable")]

    @property
    def verdicts(self) -> Counter[Verdict]:
        """How many statements have each verdict."""
        return Counter(it.verdict for it in self.statements)

    def without_void(self) -> "JudgedAnswer":
        """The answer without void statements and the mitigations of void risks, which all count as repeated."""
        void_rows = {it.row for it in self.statements if it.place == "risk" and it.verdict == "void"}
        left = tuple(it for it in self.statements if it.verdict != "void" and it.row not in void_rows)
        repeated = self.repeated + len(self.statements) - len(left)
        return self.model_copy(update={"statements": left, "repeated": repeated})


def judge_answer(
    answer: Answer, index: EvidenceIndex, *, models: Sequence[str], ids: Collection[str], prompt: str, policy: Policy
) -> JudgedAnswer:
    """Check every statement of `answer`, which replied to `prompt`, against the evidence.

    `models` are named M1, M2, ... in it; `ids` are the facts and findings that it may cite. A mitigation is withheld
    with its risk.
    """
    checked = check([statement.text for statement in answer.statements], index, models)
    self_check = SelfCheck(prompt, models, ids)
    judged = [
        _judge(statement, result, self_check.reason(result), policy)
        for statement, result in zip(answer.statements, checked, strict=True)
    ]
    withheld_rows = {it.row for it in judged if it.place == "risk" and not it.shown}
    return JudgedAnswer(
        statements=tuple(
            it.model_copy(update={"shown": False, "reason": it.reason or "its risk is withheld"})
            if it.place == "mitigation" and it.row in withheld_rows
            else it
            for it in judged
        ),
        **answer.model_dump(exclude={"statements"}),
        policy=policy,
    )


def _judge(statement: Statement, checked: CheckedStatement, void_reason: str, policy: Policy) -> JudgedStatement:
    claims = checked.claims
    if void_reason:
        claims = (*claims, Claim(kind="opinion", text=statement.text, verdict="void", reason=void_reason))
    return JudgedStatement(
        **statement.model_dump(),
        rendered=checked.rendered,
        claims=claims,
        verdict=worst_verdict(claims),
        shown=not any(claim.verdict in _WITHHELD[policy] for claim in claims),
        reason=checked.reason or void_reason,
    )
