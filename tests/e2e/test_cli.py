"""`chimera` as a user runs it: a process of its own, its output, its exit code, its files.

Where the start itself can't matter any more, it is skipped.
"""

import json
import re
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.conftest import CORPUS, SAMPLES, Project, needs_corpus
from tests.stub_ollama import StubOllama

pytestmark = [pytest.mark.model, pytest.mark.dagster]


def rows(output: str) -> list[dict[str, Any]]:
    return json.loads(output)


@pytest.fixture(scope="module")
def swept(shared_project: Project) -> Project:
    done = shared_project.chimera("sweep", "--json")
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in rows(done.stdout)] == ["done", "done"]
    return shared_project


def test_a_second_sweep_runs_nothing_and_changes_nothing(swept: Project) -> None:
    before = swept.files()
    again = swept.chimera("sweep", "--json")
    assert again.returncode == 0
    assert "0 trials to run, 2 skipped" in again.stderr
    assert [row["status"] for row in rows(again.stdout)] == ["skipped", "skipped"]
    assert swept.files() == before


def test_the_table_names_each_report_in_one_piece(swept: Project) -> None:
    done = swept.chimera("sweep")
    assert "data/runs/smollm2@135m/c1k-t0.2-" in done.stdout
    assert "Open the Dagster UI with: make ui" in done.stderr


def test_report_prints_the_path_of_a_report(swept: Project) -> None:
    key = next(path.name for path in (swept.data / "runs" / "smollm2@135m").iterdir())
    done = swept.forked("report", "smollm2:135m", key)
    assert (done.returncode, done.stdout) == (0, f"data/runs/smollm2@135m/{key}/report.md\n")
    assert (swept.path / done.stdout.strip()).exists()
    unknown = swept.forked("report", "smollm2:135m", "t9-0000")
    assert unknown.returncode == 2
    assert f"Known: smollm2:135m|{key}" in unknown.stderr or f", smollm2:135m|{key}" in unknown.stderr


def test_metrics_are_computed_again_and_a_changed_figure_is_named(swept: Project) -> None:
    same = swept.forked("metrics", "recompute", "--json")
    assert same.returncode == 0, same.stderr
    assert [(row["trial"][:13], row["differences"]) for row in rows(same.stdout)] == [("smollm2:135m|", [])] * 2
    path = next((swept.data / "runs").glob("*/*/metrics.json"))
    before = path.read_text()
    generated = json.loads(before)["headline"]["tokens_generated"]
    path.write_text(before.replace(f'"tokens_generated": {generated}', f'"tokens_generated": {generated + 1}'))
    changed = swept.forked("metrics", "recompute", "--write")
    assert changed.returncode == 1
    said = f"headline.tokens_generated: stored {generated + 1}, recomputed {generated}"
    assert said in changed.stdout
    assert path.read_text() == before


def test_tables_are_asked_by_sql(swept: Project) -> None:
    query = "select model, stage, count(*) as n from calls group by all order by stage"
    found = swept.forked("sql", query, "--json")
    assert found.returncode == 0, found.stderr
    assert rows(found.stdout) == [{"model": "smollm2:135m", "stage": stage, "n": 2} for stage in ("analysis", "report")]
    as_csv = swept.forked("sql", query, "--csv")
    assert as_csv.stdout == "model,stage,n\nsmollm2:135m,analysis,2\nsmollm2:135m,report,2\n"
    many = swept.forked("sql", "select record, value from measurements")
    assert len(many.stdout.strip().split("\n")) == 2 + 100  # with the head
    assert re.search(r"The first 100 of [0-9]{3,} rows; --csv and --json print all\.\n", many.stderr)
    wrong = swept.forked("sql", "copy calls to 'calls.csv'")
    assert (wrong.returncode, wrong.stdout) == (2, "") and "one query that only reads" in wrong.stderr
    assert not (swept.path / "calls.csv").exists()
    views = swept.forked("sql", "--json")
    assert {row["view"] for row in rows(views.stdout)} >= {"facts", "calls", "telemetry", "trials", "effects"}


def test_changed_data_makes_a_sweep_run_again(project: Project) -> None:
    project.spec.write_text("engine: ollama\nmodels: [smollm2:135m]\nmax_tokens: 16\n")
    with StubOllama() as stub:
        assert project.forked("sweep", OLLAMA_HOST=stub.url).returncode == 0
        (project.reports / "new.csv").write_text("model,tokens_s\nsmollm2:135m,123.5\n")
        again = project.forked("sweep", "--json", OLLAMA_HOST=stub.url)
    assert "1 trials to run, 0 skipped" in again.stderr
    report = (project.path / str(rows(again.stdout)[0]["report"])).read_text()
    assert "Total files analyzed: 6" in report


@pytest.mark.parametrize(
    ("command", "option", "folder"),
    [("sweep", "--reports", "missing"), ("sweep", "--reports", "empty"), ("ingest", None, "empty")],
)
def test_an_empty_or_missing_folder_is_one_clear_line_and_no_report(
    project: Project, command: str, option: str | None, folder: str
) -> None:
    (project.path / "empty").mkdir()
    done = project.forked(command, *([option] if option else []), folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert folder in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project.data / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("sweep", "--nonsense"), "No such option"),
        (("sweep", "--engine", "vllm"), "'vllm' is not one of"),
        (("sweep", "--spec", "nowhere.yaml"), "There is no sweep file nowhere.yaml"),
        (("sweep", "--models", "a b"), "'a b' is not a model tag"),
        (("report", "smollm2:135m"), "Missing argument"),
        (("nonsense",), "No such command"),
    ],
)
def test_wrong_usage_exits_with_two(project: Project, arguments: tuple[str, ...], complaint: str) -> None:
    done = project.chimera(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in " ".join(done.stderr.replace("│", " ").split())


def test_a_broken_sweep_file_names_the_line_and_the_field(project: Project) -> None:
    project.spec.write_text("models: [smollm2:135m]\ngrid:\n  temperature: [9]\n")
    done = project.chimera("sweep")
    assert done.returncode == 2
    assert "sweep.yaml, line 3, grid.temperature[0]: Input should be less than or equal to 5" in done.stderr


def test_an_unreachable_ollama_fails_the_trials_with_its_address(project: Project) -> None:
    project.spec.write_text(project.spec.read_text() + "server_wait_s: 0.1\n")
    done = project.forked("sweep", "--engine", "ollama", "--json", OLLAMA_HOST="127.0.0.1:1")
    assert done.returncode == 1
    assert "Waiting up to 0.1 s for it." in done.stderr
    assert [row["status"] for row in rows(done.stdout)] == ["failed", "failed"]
    assert "http://127.0.0.1:1" in str(rows(done.stdout)[0]["reason"])


def test_an_interrupted_sweep_keeps_what_is_done_and_the_next_does_the_rest(project: Project) -> None:
    project.spec.write_text(project.spec.read_text().replace("max_tokens: 16", "max_tokens: 64"))
    for name in SAMPLES[1:]:  # of few facts the prompt is short, and what is tried here is soon reached
        (project.reports / name).unlink()
    # Tests that a shell put into the background ignore SIGINT, which what they start would inherit.
    heeding = "import os, signal, sys; signal.signal(2, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", heeding, *project.command("sweep")],
        cwd=project.path,
        env=project.environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    shown: list[str] = []
    for line in process.stderr:
        shown.append(line)
        if line.startswith("2/2") and line.endswith(": analysis\n"):
            break
    else:
        pytest.fail(f"the second trial never began: {''.join(shown)}")
    time.sleep(0.3)  # into the stream
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, rest
    names = sorted(path.split("/", 2)[2] for path in project.files())
    done, cut = sorted({name.split("/")[0] for name in names})
    assert [name for name in names if name.startswith(cut)] == [f"{cut}/trial.json"]
    assert f"{done}/report.md" in names
    assert not [name for name in names if "/." in name]
    again = project.chimera("sweep", "--json")
    assert again.returncode == 0, again.stderr
    assert "1 trials to run, 1 skipped" in again.stderr
    assert [row["status"] for row in rows(again.stdout)] == ["skipped", "done"]


def test_ingest_lists_what_could_not_be_read(project: Project) -> None:
    (project.reports / "broken.json").write_text("[1, 2")
    (project.reports / "two\nlines.csv").write_text("")  # a name stays on its line
    done = project.forked("ingest", "data/reports")
    assert done.returncode == 0
    assert "malformed: broken.json: " in done.stderr
    assert "empty: two\\nlines.csv: the file is empty\n" in done.stderr
    assert done.stdout.startswith("7 files, ")
    shown = json.loads(project.forked("ingest", "--json").stdout)
    assert shown["total_files"] == 7
    share = f"{shown['covered'] / shown['numbers']:.1%}".replace("%", " %")
    assert f"\nCoverage: {share} of {shown['numbers']} numeric cells and JSON values" in done.stdout


def test_facts_and_findings_name_their_sources(project: Project) -> None:
    runs = "".join(f"m:1,{100 + place},\n" for place in range(8)) + "m:1,,timed out\n"
    (project.reports / "a_runs.csv").write_text(f"model,tokens_s,error\n{runs}")
    facts = project.forked("facts", "--json")
    assert facts.returncode == 0, facts.stderr
    (mean,) = [row for row in rows(facts.stdout) if row["text"] == "mean decode throughput of m:1 over all its runs"]
    assert mean["rendered"] == "104 tok/s"
    assert mean["sources"] == [["a_runs.csv", f"row {place}"] for place in range(1, 9)]
    findings = project.forked("findings", "--json", "--severity", "notice")
    assert findings.returncode == 0, findings.stderr
    (failed,) = [row for row in rows(findings.stdout) if row["detector"] == "failed_runs_of_files"]
    assert failed["text"] == "1 of 9 runs in a_runs.csv failed."
    assert failed["sources"] == [["a_runs.csv", "row 9"]]
    assert {row["severity"] for row in rows(findings.stdout)} <= {"warning", "notice"}
    table = project.forked("findings").stdout
    assert "1 of 9 runs in a_runs.csv failed." in table
    few = rows(project.forked("facts", "--json", "--budget", "60").stdout)
    assert [row["id"] for row in few] == [f"F{place}" for place in range(1, len(few) + 1)]
    assert 0 < len(few) < len(rows(facts.stdout))
    assert not (project.data / "tables").exists()  # what only shows writes nothing


def test_a_brief_is_there_without_a_sweep_a_model_or_a_file_written(project: Project) -> None:
    project.spec.unlink()
    before = {path: path.read_bytes() for path in project.reports.rglob("*") if path.is_file()}
    done = project.forked("brief", str(project.reports))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "What your benchmarks say"
    assert max(map(len, lines)) <= 80
    for words in ("How sure this is. ", "14 runs in 5 files.", "What to do next."):
        assert words in " ".join(done.stdout.split())
    full = project.forked("brief", str(project.reports), "--full").stdout
    assert full.startswith("\n".join(lines[:3]))
    for title in ("Performance", "Key findings", "Recommendations", "Risks", "Files and coverage", "Evidence"):
        assert f"\n{title}\n" in full
    shown = json.loads(project.forked("brief", str(project.reports), "--json").stdout)
    assert shown["coverage"]["files"] == 5
    assert shown["notes"][0]["section"] == "answer"
    assert [note["id"] for note in shown["notes"]] == [f"N{place}" for place in range(1, len(shown["notes"]) + 1)]
    assert {path: path.read_bytes() for path in project.reports.rglob("*") if path.is_file()} == before
    assert not (project.data / "tables").exists()


def test_a_brief_is_written_as_a_page_whose_links_lead_to_the_files(project: Project) -> None:
    out = project.path / "out"
    out.mkdir()
    done = project.forked("brief", str(project.reports), "--html", "--output", "out/brief.html")
    assert (done.returncode, done.stdout) == (0, "out/brief.html\n"), done.stderr
    links = set(re.findall(r'<a href="([^#"]+)"', (out / "brief.html").read_text()))
    assert links
    assert all((out / link).is_file() for link in links)
    page = project.forked("brief", str(project.reports), "--html").stdout
    assert page.lstrip().startswith("<!doctype html>")
    assert not re.findall(r'<a href="([^#"]+)"', page)  # a page without a place has nothing to lead from
    text = project.forked("brief", str(project.reports), "--md").stdout
    assert text.startswith("# What your benchmarks say\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "The reports folder nowhere does not exist."),
        (("empty",), "There is no benchmark file in empty."),
        (("data/reports", "--md", "--html"), "Only one of --md, --html and --json can be written at a time."),
        (("data/reports", "--output", "x"), "--output needs a format."),
        (("data/reports", "--md", "--output", "no/folder/x.md"), "no/folder/x.md can't be written:"),
    ],
)
def test_a_brief_that_can_not_be_made_is_one_line(project: Project, arguments: tuple[str, ...], message: str) -> None:
    (project.path / "empty").mkdir()
    done = project.forked("brief", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: {message}")
    assert "Traceback" not in done.stderr


def test_summary_has_the_statistics(project: Project) -> None:
    done = project.forked("summary")
    assert done.returncode == 0, done.stderr
    assert "95 % interval of the mean" in done.stdout
    shown = json.loads(project.forked("summary", "--json").stdout)
    assert len(shown["files"]) == 5
    runs = [row for row in shown["statistics"] if row["source"] == "runs"]
    known = [row for row in runs if row["metric"] == "decode_tok_s" and row["n"] >= 3]
    assert known
    assert all(row["mean_low"] <= row["mean"] <= row["mean_high"] for row in known)


def test_schema_is_json_schema_of_the_sweep_file(project: Project) -> None:
    schema = json.loads(project.chimera("schema").stdout)
    assert schema["required"] == ["models"]
    assert set(schema["properties"]) >= {"engine", "models", "grid", "extra", "repeats", "seed", "max_tokens", "agent"}
    assert schema["additionalProperties"] is False


def test_doctor_finds_the_problem_and_its_fix(project: Project) -> None:
    good = project.chimera("doctor", env={"OLLAMA_HOST": "127.0.0.1:1"})
    assert good.returncode == 0, good.stdout
    assert "smollm2:135m" in good.stdout
    bad = project.chimera("doctor", "--json", env={"CHIMERA_REPORTS_DIR": "nowhere", "OLLAMA_HOST": "127.0.0.1:1"})
    assert bad.returncode == 1
    problems = [check for check in json.loads(bad.stdout) if check["state"] == "problem"]
    assert [(check["name"], "nowhere" in check["found"], bool(check["fix"])) for check in problems] == [
        ("reports", True, True)
    ]


def test_models_are_listed_and_one_that_can_not_be_had_is_one_clear_line(project: Project) -> None:
    nowhere = {
        "XDG_CACHE_HOME": str(project.path / "cache"),
        "HF_ENDPOINT": "http://127.0.0.1:1",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": f"file://{project.path}/no-index",
    }
    listed = project.chimera("models", "list", "--json", env=nowhere)
    assert {row["tag"]: row["place"] for row in rows(listed.stdout)} == {
        "smollm2:135m": "package",
        "qwen2.5-coder:0.5b": None,
        "qwen2.5-coder:1.5b": None,
    }
    done = project.chimera("models", "get", "qwen2.5-coder:0.5b", env=nowhere)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        "Error: qwen2.5-coder:0.5b can't be had, not from the publisher's hub: 127.0.0.1 can't be reached"
        in done.stderr
    )
    assert "Traceback" not in done.stderr
    sweep = project.chimera("sweep", "--models", "qwen2.5-coder:0.5b", "--json", env=nowhere)
    assert sweep.returncode == 1
    assert "chimera models get qwen2.5-coder:0.5b" in str(rows(sweep.stdout)[0]["reason"])


def test_env_answers_without_a_server_or_a_gpu(project: Project) -> None:
    variables = {"OLLAMA_HOST": "127.0.0.1:1", "CHIMERA_API_KEY": "sk-hidden", "OMP_NUM_THREADS": "2"}
    done = project.chimera("env", "--json", env=variables)
    assert (done.returncode, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    environment, engines = shown["environment"], {engine["name"]: engine for engine in shown["engines"]}
    assert environment["python"].startswith("3.")
    assert environment["memory_total_mib"] > 0
    assert environment["packages"]["xllamacpp"] in engines["embedded"]["detail"]
    assert bool(environment["gpus"]) == (environment["gpu_reason"] is None)
    kept = {name: value for name, value in (project.environment() | variables).items() if "KEY" not in name}
    recorded = {name: value for name, value in kept.items() if name.startswith(("OLLAMA_", "OMP_", "CHIMERA_"))}
    assert environment["variables"] == recorded
    assert recorded.keys() >= {"OLLAMA_HOST", "OMP_NUM_THREADS"}
    assert not engines["ollama"]["answers"]
    table = project.chimera("env", env=variables)
    assert table.returncode == 0
    assert "variables.OMP_NUM_THREADS" in table.stdout
    assert "sk-hidden" not in done.stdout + table.stdout


@needs_corpus
def test_summary_of_the_corpus(project: Project) -> None:
    done = project.forked("summary", "--reports", str(CORPUS))
    assert done.returncode == 0
    for line in (
        "Total files analyzed: 101",
        "CSV Files (28)",
        "JSON Files (44)",
        "MARKDOWN Files (29)",
        "  ... and 23 more",
        "  ... and 39 more",
        "  ... and 24 more",
    ):
        assert f"{line}\n" in done.stdout
    assert done.stdout.count("  - ") == 15
    assert done.stdout.count(" UTC\n") == 3
