"""Files of a data folder that are damaged: named, healed by what makes them, and in nobody's way."""

import json
import os
import random
import shutil
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chimera_dagster.cli import app
from chimera_dagster.errors import ChimeraError, DamagedFileError
from chimera_dagster.spec.goals import Goals
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from chimera_dagster.steps import evidence, index, ingest, sweep_comparison, trial, trial_evidence
from chimera_dagster.steps.damage import damaged_files
from chimera_dagster.steps.done import is_done
from chimera_dagster.steps.report import render_trial
from tests.damage import DAMAGES, NO_FILES, files_of, remove_set_aside
from tests.desk import Desk, desk_in

ROUNDS = int(os.environ.get("DAMAGE_ROUNDS", "10"))  # 200 take two minutes


class Kept:
    """A data folder with three finished trials, which can be put back as it was."""

    def __init__(self, desk: Desk, kept: Path) -> None:
        self.desk, self.store, self._kept = desk, desk.store, kept
        self.plans: list[TrialPlan] = SweepSpec.model_validate(
            {"engine": "ollama", "models": ["smollm2:135m"], "max_tokens": 32, "grid": {"top_k": [1, 2, 3]}}
        ).plans()
        self.sweep()
        sweep_comparison_text = self.store.comparison.read_text()
        self.store.baseline.write_text(sweep_comparison_text)
        assert damaged_files(self.store) == []
        for name in ("runs", "tables"):
            shutil.copytree(self.store.data_dir / name, kept / name)
        for page in self.store.data_dir.glob("brief.*"):
            shutil.copy(page, kept)

    def restore(self) -> None:
        for name in ("runs", "tables"):
            shutil.rmtree(self.store.data_dir / name)
            shutil.copytree(self._kept / name, self.store.data_dir / name)
        for page in self._kept.glob("brief.*"):
            place = self.store.data_dir / page.name
            if place.is_dir():
                shutil.rmtree(place)
            shutil.copy(page, place)

    def sweep(self) -> int:
        """What `chimera sweep` does, without Dagster; how many trials were measured."""
        store, reports = self.store, self.store.data_dir / "reports"
        digest = ingest.data_digest(store, reports)
        if not evidence.is_evidence_current(store, digest):
            ingest.ingest_folder(store, reports)
            evidence.compute_evidence(store)
        before = len(self.desk.stub.generations())
        for plan in self.plans:
            store.register(plan)
            if not is_done(store, plan, digest):
                trial.run_trial_once(store, plan, self.desk.engines, reuse=True)
                render_trial(store, plan)
        comparison = sweep_comparison.read_comparison(store, Goals())
        sweep_comparison.write_comparison(store, comparison)
        index.write_index(store, comparison)
        return (len(self.desk.stub.generations()) - before) // 3

    def chimera(self, *arguments: str) -> Result:
        """A command; an error that is not one of this project would be a traceback."""
        result = CliRunner(env={"CHIMERA_DATA_DIR": str(self.store.data_dir)}).invoke(app, arguments)
        assert isinstance(result.exception, SystemExit | ChimeraError | None), (arguments, result.exc_info)
        return result


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Generator[Kept]:
    data = tmp_path_factory.mktemp("project") / "data"
    (data / "reports").mkdir(parents=True)
    rows = (f"{model},{10 + run / 10},{5 + run}" for model in ("a:1b", "b:1b") for run in range(3))
    (data / "reports" / "runs.csv").write_text("\n".join(["model,ttft_ms,decode_tok_s", *rows, ""]))
    with desk_in(data, data / "reports") as desk:
        yield Kept(desk, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def data(kept: Kept) -> Generator[Kept]:
    yield kept
    kept.restore()


def folder_of(data: Kept, number: int = 0) -> Path:
    return data.store.folder_of(data.plans[number].trial).path


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["outcome.json", "metrics.json", "telemetry.parquet", "calls.parquet"])
def test_a_trial_with_a_damaged_document_is_named_and_measured_again(data: Kept, name: str, damage: str) -> None:
    DAMAGES[damage](folder_of(data) / name, random.Random(0))
    key = data.plans[0].trial.key
    assert [error for error in damaged_files(data.store) if name in str(error)]
    assert [trial.state for trial in sweep_comparison.read_comparison(data.store, Goals()).trials].count("missing") == 1
    again = data.chimera("metrics", "recompute", "--json")
    assert again.exit_code == 1
    rows = {row["trial"]: row for row in json.loads(again.stdout)}
    assert set(rows) == {plan.trial.key for plan in data.plans}
    assert name in rows[key]["problem"]
    assert [rows[plan.trial.key].get("differences") for plan in data.plans] == [None, [], []]
    assert data.sweep() == 1
    assert damaged_files(data.store) == []


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["report.md", "report.html", "report.json"])
def test_a_damaged_report_is_written_again_without_a_model_call(data: Kept, name: str, damage: str) -> None:
    before = (folder_of(data) / "report.html").read_bytes()
    DAMAGES[damage](folder_of(data) / name, random.Random(0))
    assert "The report in" in str(damaged_files(data.store)[0])
    assert data.sweep() == 0
    assert (folder_of(data) / "report.html").read_bytes() == before
    assert damaged_files(data.store) == []


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "missing"])
def test_a_damaged_trial_json_leaves_one_trial_out_until_the_next_sweep(data: Kept, damage: str) -> None:
    DAMAGES[damage](folder_of(data) / "trial.json", random.Random(0))
    assert len(sweep_comparison.read_comparison(data.store, Goals()).trials) == 2
    compared = data.chimera("compare")
    assert compared.exit_code == 0
    assert "left out: " in compared.stderr and "trial.json" in compared.stderr
    assert data.chimera("metrics", "recompute").exit_code == 1
    assert data.sweep() == 0
    assert len(sweep_comparison.read_comparison(data.store, Goals()).trials) == 3
    assert damaged_files(data.store) == []


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["facts", "notes", "findings", "data_summary", "measurements", "benchmark_files"])
def test_a_damaged_table_is_written_again_by_the_next_sweep(data: Kept, name: str, damage: str) -> None:
    DAMAGES[damage](data.store.table_path(name), random.Random(0))
    assert f"{name}.parquet" in str(damaged_files(data.store)[0])
    digest = ingest.data_digest(data.store, data.store.data_dir / "reports")
    assert not evidence.is_evidence_current(data.store, digest)
    asked = data.chimera("sql", "select count(*) from trials")
    assert asked.exit_code == 0
    assert "3" in asked.stdout
    assert data.sweep() == 0
    assert damaged_files(data.store) == []


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "missing"])
def test_a_damaged_baseline_is_not_compared_with(data: Kept, damage: str) -> None:
    DAMAGES[damage](data.store.baseline, random.Random(0))
    compared = data.chimera("compare")
    assert compared.exit_code == 0
    assert "not compared with a baseline: " in compared.stderr
    assert data.chimera("compare", "--fail-on", "worse").exit_code != 0
    assert "baseline.json" in str(damaged_files(data.store)[0])


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_not_a_file_is_named_and_not_waited_for(data: Kept, kind: str) -> None:
    folder = data.store.data_dir
    every = [path for path in files_of(folder) if path.name not in ("snapshot.json", "failures.json")]
    alone = {path: [*damaged_alone(data, path, kind)] for path in every}
    assert {path: found for path, found in alone.items() if not _is_named(str(path.relative_to(folder)), found)} == {}
    for path in every:
        path.unlink()
        NO_FILES[kind](path)
    ends = {
        command: data.chimera(*command.split()).exit_code
        for command in ("doctor", "metrics recompute", "compare", "sql", "report smollm2:135m t0.2-91d1", "summary")
    }
    assert ends["doctor"] == ends["metrics recompute"] == 1
    data.sweep()
    data.store.baseline.unlink()
    assert damaged_files(data.store) == []


@pytest.mark.parametrize("name", ["tables", "runs", "runs/smollm2@135m", "runs/smollm2@135m/k1-699e"])
@pytest.mark.parametrize("kind", ["a link to itself", "a link to nothing"])
def test_a_link_that_leads_nowhere_in_the_place_of_a_folder_is_named(data: Kept, name: str, kind: str) -> None:
    folder = data.store.data_dir / name
    kept = data.store.data_dir / "kept"
    folder.rename(kept)
    try:
        NO_FILES[kind](folder)
        assert str(folder) in str(damaged_files(data.store)[0])
        for command in ("metrics recompute", "compare", "sql", "report smollm2:135m k1-699e"):
            assert data.chimera(*command.split()).exit_code is not None
    finally:
        folder.unlink()
        kept.rename(folder)


def damaged_alone(data: Kept, path: Path, kind: str) -> Iterator[str]:
    """What the doctor says if only this file is not a file."""
    kept = path.with_name("kept")
    path.rename(kept)
    try:
        NO_FILES[kind](path)
        yield from map(str, damaged_files(data.store))
    finally:
        path.unlink()
        kept.rename(path)


def test_tables_of_two_ingests_are_noticed(data: Kept) -> None:
    """An ingest of other data was killed before it wrote its summary, and the folder is as it was again."""
    store, reports = data.store, data.store.data_dir / "reports"
    summary, facts = (store.tables / "summary.json").read_bytes(), store.table_path("facts").read_bytes()
    (reports / "more.csv").write_text("model,ttft_ms\nm:1,5\nm:1,6\n")
    ingest.ingest_folder(store, reports)
    evidence.compute_evidence(store)
    other = store.table_path("facts").read_bytes()
    assert other != facts
    (reports / "more.csv").unlink()
    data.restore()
    store.table_path("facts").write_bytes(other)
    (store.tables / "summary.json").write_bytes(summary)
    digest = ingest.data_digest(store, reports)
    assert not evidence.is_evidence_current(store, digest)
    assert "were not all made by one ingest" in str(damaged_files(store)[0])
    trial_evidence._read.cache_clear()
    with pytest.raises(DamagedFileError, match="are of other data"):
        trial.run_trial(store, data.plans[0], data.desk.engines)


@pytest.mark.slow
def test_random_damage_is_named_by_the_doctor_and_healed_by_the_next_sweep(kept: Kept) -> None:
    chance = random.Random(23)
    found_by_hand = {"snapshot.json", "baseline.json", "failures.json"}  # which no sweep writes
    for _ in range(ROUNDS):
        kept.restore()
        damaged: list[tuple[str, str]] = []
        for path in chance.sample(files_of(kept.store.data_dir), chance.choice([1, 1, 2, 3])):
            kind = chance.choice(list(DAMAGES))
            DAMAGES[kind](path, chance)
            damaged.append((str(path.relative_to(kept.store.data_dir)), kind))
        kept.chimera("doctor")
        named = [str(error) for error in damaged_files(kept.store)]
        for name, kind in damaged:
            assert kind == "missing" or _is_named(name, named), (damaged, named)
        for command in (["metrics", "recompute"], ["compare"], ["sql", "select count(*) from trials"]):
            result = kept.chimera(*command)
            assert "Traceback" not in result.output, damaged
        kept.sweep()
        left = [error for error in damaged_files(kept.store) if not any(name in str(error) for name in found_by_hand)]
        assert left == [], damaged
        assert kept.chimera("metrics", "recompute").exit_code == 0, damaged
        remove_set_aside(kept.store.data_dir)


def _is_named(name: str, named: Sequence[str]) -> bool:
    """By itself, or with the folder of its trial."""
    path = Path(name)
    return any(name in line or str(path.parent) in line for line in named)


def test_the_doctor_names_a_damaged_file_and_says_what_to_do(data: Kept) -> None:
    data.restore()
    first = data.chimera("doctor").stdout
    assert "no file in" in first, first
    DAMAGES["cut"](folder_of(data) / "outcome.json", random.Random(0))
    found = data.chimera("doctor")
    assert found.exit_code == 1
    said = found.stdout.partition("problem data: ")[2]
    assert "outcome.json is damaged, or of another run than the metrics.json beside it" in said
    assert "fix: Run 'chimera sweep', which runs the trial again." in said
