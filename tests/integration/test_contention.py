"""Agents at once on stubs of Ollama that take one generation at a time, as `chimera concurrency` measures them."""

import json
from collections import Counter

from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import lane_states
from chimera_dagster.records.documents import Concurrency
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import SweepSpec
from chimera_dagster.steps import evidence, ingest
from chimera_dagster.sweeps.contention import choose
from tests.conftest import Project
from tests.stub_ollama import StubOllama

MODELS = ["gemma3:270m", "smollm2:135m"]
SPEC = f"engine: ollama\nmodels: [{', '.join(MODELS)}]\nmax_tokens: 16\ngrid: {{num_ctx: [1024], top_k: [1, 2]}}\n"
LANES = [Lane("gpu-0.0", "0", None), Lane("gpu-1.0", "1", None)]


class Watched(StubOllama):
    """A server with one slot, which keeps whether both lanes were held at each generation."""

    def __init__(self, project: Project) -> None:
        super().__init__(seconds_between=0.01, slots=1)
        self.leases, self.held = project.path / "leases", list[bool]()

    def _generate(self, path: str, body: dict[str, object]) -> object:
        self.held.append(all(each.held for each in lane_states(LANES, self.leases)))
        return super()._generate(path, body)


def test_agents_on_a_server_of_their_own_gain_what_agents_on_one_slot_do_not(project: Project) -> None:
    project.spec.write_text(SPEC)
    store = Store(project.data)  # nothing was ingested before
    with Watched(project) as first, Watched(project) as second:
        endpoints = {"CHIMERA_GPUS": "0,1", "CHIMERA_OLLAMA_ENDPOINTS": f"{first.url},{second.url}"}
        done = project.forked("concurrency", "--rounds", "2", "--json", **endpoints)
        assert done.returncode == 0, done.stderr
        assert "reading the reports folder\n" in done.stderr
        assert all([*first.held, *second.held])
    assert not any(each.held for each in lane_states(LANES, project.path / "leases"))

    found = Concurrency.model_validate_json(done.stdout)
    assert json.loads(store.concurrency.read_text()) == json.loads(done.stdout)
    shared, apart = found.scenarios
    assert (shared.servers, apart.servers, found.not_measured) == (1, 2, None)
    for scenario, lanes in ((shared, ["gpu-0.0"] * 2), (apart, ["gpu-0.0", "gpu-1.0"])):
        assert [(agent.model, agent.lane) for agent in scenario.agents] == list(zip(MODELS, lanes, strict=True))
        order = [(call.agent, call.round, call.together) for call in scenario.calls if call.stage == "report"]
        assert order == [
            *((0, 0, False), (1, 0, False), (0, 0, True), (1, 0, True)),
            *((0, 1, True), (1, 1, True), (0, 1, False), (1, 1, False)),
        ]
        assert {each.name for each in scenario.gain.validity} <= {"offloaded_to_cpu"}
    # one slot gives agents at once nothing, a server each nearly twice as much; a busy machine keeps only the order
    assert shared.gain.speed_up.mean < apart.gain.speed_up.mean
    assert apart.gain.efficiency.mean == apart.gain.speed_up.mean / 2
    slowest, slowest_apart = (max(each.slowdown.mean for each in it.gain.agents) for it in (shared, apart))
    assert slowest_apart < slowest

    # an agent makes itself ready, and then sends the same two requests alone and together
    for model, stub, scenarios in ((MODELS[0], first, 2), (MODELS[1], first, 1), (MODELS[1], second, 1)):
        asked = Counter(
            (body["prompt"], json.dumps(body["options"])) for body in stub.generations() if body["model"] == model
        )
        warm_up, analysis, report = asked.values()
        assert (warm_up, analysis, report) == (scenarios, 5 * scenarios, 5 * scenarios)

    page = store.concurrency.with_suffix(".md").read_text()
    assert "## 2 agents on 1 server" in page
    assert "## 2 agents on 2 servers" in page
    assert f"Speed-up {shared.gain.speed_up.mean:.2f} (n=2), efficiency" in page


def test_agents_are_of_different_models_where_there_are_some() -> None:
    plans = SweepSpec.model_validate({"models": MODELS, "grid": {"top_k": [1, 2, 3]}}).plans()
    assert [(plan.model, plan.params.top_k) for plan in choose(plans, 3)] == [
        ("gemma3:270m", 1),
        ("smollm2:135m", 1),
        ("gemma3:270m", 2),
    ]


def test_an_agent_that_fails_ends_the_measurement_and_leaves_nothing(project: Project) -> None:
    project.spec.write_text(SPEC)
    store = Store(project.data)
    ingest.ingest_folder(store, project.reports)
    evidence.compute_evidence(store)
    with StubOllama(models=MODELS[:1]) as stub:
        done = project.forked("concurrency", "--rounds", "1", OLLAMA_HOST=stub.url)
    assert done.returncode == 1
    assert "smollm2:135m" in done.stderr
    assert "Traceback" not in done.stderr
    assert not store.concurrency.exists()
