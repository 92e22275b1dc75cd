"""A scenario's figures, from calls whose times are given."""

import pytest

from chimera_dagster.measure.speedup import AgentCall, gain


def call(agent: int, round_: int, *, together: bool, begins: float, ends: float, **changes: object) -> AgentCall:
    """A call from `begins` to `ends` (seconds), its first chunk after 100 ms."""
    usual = {
        "agent": agent,
        "round": round_,
        "together": together,
        "stage": "analysis",
        "sent_ms": begins * 1e3,
        "end_ms": ends * 1e3,
        "ttft_ms": 100.0,
        "output_tokens": 100,
        "load_ms": 1.0,
        "prompt_cached_tokens": 0,
        "gpu_share": None,
        "retries": 0,
    }
    return AgentCall.model_validate(usual | changes)


def scenario(together: dict[int, tuple[float, float]], rounds: int = 1, **changes: object) -> list[AgentCall]:
    """Agent 0 takes 4 s alone, agent 1 takes 2 s; `together` is from when to when each works with the other."""
    alone = {0: 4.0, 1: 2.0}
    return [
        each
        for number in range(rounds)
        for agent, (begins, ends) in together.items()
        for each in (
            call(agent, number, together=False, begins=0.0, ends=alone[agent]),
            call(agent, number, together=True, begins=begins, ends=ends, **changes),
        )
    ]


def test_agents_that_do_not_disturb_each_other_gain_the_time_of_the_shorter_one() -> None:
    found = gain(scenario({0: (0.0, 4.0), 1: (0.0, 2.0)}))
    assert (found.sum_alone_s.mean, found.max_alone_s.mean, found.makespan_together_s.mean) == (6.0, 4.0, 4.0)
    assert (found.speed_up.mean, found.efficiency.mean) == (1.5, 0.75)
    assert [each.slowdown.mean for each in found.agents] == [1.0, 1.0]
    assert found.validity == []


def test_agents_that_wait_for_each_other_gain_nothing() -> None:
    found = gain(scenario({0: (0.0, 4.0), 1: (4.0, 6.0)}, ttft_ms=2100.0))
    assert (found.speed_up.mean, found.efficiency.mean) == (1.0, 0.5)
    first, second = found.agents
    assert (first.ttft_ms_alone, first.ttft_ms_together) == (100.0, 2100.0)
    assert (second.wall_tok_s_alone, second.wall_tok_s_together) == (50.0, 50.0)


def test_an_agents_time_is_from_its_first_request_to_its_last_chunk() -> None:
    alone = call(0, 0, together=False, begins=1.0, ends=2.0), call(0, 0, together=False, begins=4.0, ends=5.0)
    together = call(0, 0, together=True, begins=1.0, ends=2.0), call(0, 0, together=True, begins=2.0, ends=9.0)
    [agent] = gain([*alone, *together]).agents
    assert (agent.alone_s.mean, agent.together_s.mean, agent.slowdown.mean) == (4.0, 8.0, 2.0)
    assert agent.wall_tok_s_alone == 50.0


def test_rounds_are_compared_with_themselves_and_three_have_an_interval() -> None:
    slow = [
        each.model_copy(update={"end_ms": each.end_ms * 10, "round": 3}) for each in scenario({0: (0, 4), 1: (0, 2)})
    ]
    found = gain([*scenario({0: (0.0, 4.0), 1: (0.0, 2.0)}, rounds=3), *slow])
    assert (found.speed_up.n, found.speed_up.mean, found.speed_up.low, found.speed_up.high) == (4, 1.5, 1.5, 1.5)
    assert found.makespan_together_s.mean == 13.0
    assert gain(scenario({0: (0.0, 4.0), 1: (0.0, 2.0)}, rounds=2)).speed_up.low is None


def test_answers_of_another_length_spoil_the_times_and_not_the_figure_by_token() -> None:
    found = gain(scenario({0: (0.0, 2.0), 1: (0.0, 1.0)}, output_tokens=50))
    assert found.speed_up.mean == 3.0
    assert found.token_speed_up is not None
    assert found.token_speed_up.mean == 1.5
    assert [(each.name, each.evidence) for each in found.validity] == [
        ("unlike", "agent 1, round 1: 50 tokens together, 100 alone"),
        ("unlike", "agent 2, round 1: 50 tokens together, 100 alone"),
    ]


def test_without_a_count_of_tokens_there_is_no_figure_that_needs_it() -> None:
    found = gain(scenario({0: (0.0, 4.0), 1: (0.0, 2.0)}, output_tokens=None))
    assert found.token_speed_up is None
    assert found.agents[0].wall_tok_s_together is None
    assert found.validity == []


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"load_ms": 900.0}, "reloaded", "900 ms of loading"),
        ({"prompt_cached_tokens": 7}, "cached", "7 prompt tokens"),
        ({"retries": 2}, "retried", "2 retries"),
        ({"gpu_share": 0.5}, "offloaded_to_cpu", "50% of the model"),
    ],
)
def test_what_spoils_a_scenario_is_named(changes: dict[str, object], name: str, said: str) -> None:
    found = gain(scenario({0: (0.0, 4.0), 1: (0.0, 2.0)}, **changes)).validity
    assert [each.name for each in found] == [name, name]
    assert found[0].evidence.startswith("agent 1, analysis 1 together: ")
    assert said in found[0].evidence
    assert all(each.spoils for each in found)
