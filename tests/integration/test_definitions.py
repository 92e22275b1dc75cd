"""What Dagster's own tools say of the code location, and what importing it costs."""

import subprocess
import sys
from pathlib import Path

from dagster import AssetKey

from chimera_dagster.definitions import defs
from tests.conftest import ROOT, Project

HEAVY = {"dagster", "pandas", "pandera", "xllamacpp", "ollama", "httpx", "pynvml", "scipy"}


def python(project: Project, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project.path,
        env=project.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_dagster_validates_the_definitions(project: Project) -> None:
    done = python(project, "-m", "dagster", "definitions", "validate")
    assert done.returncode == 0, done.stderr
    assert "All code locations passed validation" in done.stderr + done.stdout


def test_the_command_line_starts_without_the_heavy_packages(project: Project) -> None:
    done = python(project, "-c", "import chimera_dagster.cli, sys; print(*sys.modules)")
    assert not HEAVY & set(done.stdout.split())


def test_importing_the_definitions_is_light_starts_no_engine_and_writes_nothing(project: Project) -> None:
    before = sorted(path for path in project.path.rglob("*") if "dagster_home" not in path.parts)
    code = "import chimera_dagster.definitions, pynvml, sys; print(pynvml.nvmlLib, *sys.modules)"
    done = python(project, "-c", code)
    assert done.returncode == 0
    library, *modules = done.stdout.split()
    assert library == "None"  # pynvml binds the driver's library when it is first asked
    assert not {"xllamacpp", "ollama", "scipy", "matplotlib"} & set(modules)  # each trial of the daemon imports them
    assert sorted(project.path.rglob("*")) == before


def test_every_asset_says_what_it_is() -> None:
    graph = defs.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert keys == {
        "benchmark_files",
        "measurements",
        "data_summary",
        "facts",
        "findings",
        "notes",
        "brief",
        "llm_analysis",
        "llm_report",
        "trial_metrics",
        "rendered_report",
        "sweep_comparison",
        "report_index",
    }
    for key in keys:
        node = graph.get(AssetKey(key))
        assert node.description
        assert node.kinds
        assert node.owners
        assert node.code_version
        assert node.group_name in {"evidence", "trials", "reports"}
        assert node.is_partitioned == (node.group_name == "trials")


def test_the_wiring_stays_short() -> None:
    wiring = (Path(ROOT) / "chimera_dagster" / "definitions.py").read_text().splitlines()
    assert len(wiring) < 60
