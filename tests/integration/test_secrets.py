"""What a sweep leaves, in the data folder, in Dagster's home and on the terminal, has no secret of its environment."""

import base64
import json
import subprocess
from collections.abc import Generator, Iterator

import pytest
import yaml

from tests.conftest import Project
from tests.integration.bench import bench_in
from tests.stub_ollama import Answer, StubOllama
from tests.stub_openai import MODEL, StubOpenAI, sse

MARK = "PWSECRET"  # in every secret
PASSWORD, KEY = f"{MARK}1", f'sk-{MARK}"2'
ADDRESS = f"http://me:{PASSWORD}@127.0.0.1:1"
SECRETS = {
    "OLLAMA_HOST": ADDRESS,
    "OPENAI_API_KEY": KEY,
    "OLLAMA_API_KEY": KEY,
    "CHIMERA_HISTORY": f"postgresql://me:{PASSWORD}@db/dagster",
    "HF_ENDPOINT": f"{ADDRESS}?token={PASSWORD}",
    "PGPASSWORD": PASSWORD,
}
BASIC = base64.b64encode(f"me:{PASSWORD}".encode()).decode().rstrip("=")


@pytest.fixture(scope="module")
def ingested(shared_project: Project) -> Project:
    with bench_in(shared_project) as bench:
        assert bench.runner.ingest_reports() is None
    return shared_project


@pytest.fixture
def stub() -> Generator[StubOpenAI]:
    with StubOpenAI() as stub:
        yield stub


def sweep(project: Project, engine: str, model: str, top_p: float, **env: str) -> "subprocess.CompletedProcess[str]":
    """A sweep of one trial; tests share a project, so each takes another `top_p`."""
    spec = {"engine": engine, "models": [model], "max_tokens": 16, "grid": {"top_p": [top_p]}, "server_wait_s": 0}
    project.spec.write_text(yaml.safe_dump(spec))
    return project.forked("sweep", **(SECRETS | env))


def leaks(project: Project, done: "subprocess.CompletedProcess[str]") -> list[str]:
    """Where a secret is: files of the project, of whatever kind, and what the command printed."""
    return [name for name, content in _left(project, done) if MARK.encode() in content or BASIC.encode() in content]


def _left(project: Project, done: "subprocess.CompletedProcess[str]") -> Iterator[tuple[str, bytes]]:
    yield "stdout", done.stdout.encode()
    yield "stderr", done.stderr.encode()
    files = [path for path in project.path.rglob("*") if path.is_file()]
    assert {"event_log.db", "runs.db"} & {path.name for path in files}  # Dagster's history is among them
    yield from ((str(path.relative_to(project.path)), path.read_bytes()) for path in files)


def failures(project: Project) -> str:
    return "\n".join(path.read_text() for path in (project.data / "runs").rglob("failures.json"))


def test_after_a_sweep_that_succeeds(ingested: Project, stub: StubOpenAI) -> None:
    done = sweep(ingested, "openai", MODEL, 0.91, OPENAI_BASE_URL=stub.url)
    assert done.returncode == 0, done.stderr
    assert f"Bearer {KEY}" in {headers.get("Authorization") for headers in stub.headers}
    written = next((ingested.data / "runs").rglob("metrics.json")).read_text()
    assert json.loads(written)["environment"]["variables"]["OLLAMA_HOST"] == "http://***127.0.0.1:1"
    assert leaks(ingested, done) == []


@pytest.mark.parametrize(
    ("top_p", "refusal"),
    [
        (0.92, {"error": {"message": f"Incorrect API key provided: {KEY}. Basic {BASIC}", "code": "x"}}),
        (0.93, {"error": json.dumps({"message": f"bad {KEY} at {ADDRESS}"})}),
    ],
)
def test_after_a_server_that_repeats_what_it_was_sent(
    ingested: Project, stub: StubOpenAI, top_p: float, refusal: dict[str, object]
) -> None:
    stub.refusal = (400, refusal)
    done = sweep(ingested, "openai", MODEL, top_p, OPENAI_BASE_URL=stub.url)
    assert done.returncode == 1
    assert "***" in failures(ingested)
    assert leaks(ingested, done) == []


def test_after_an_error_within_a_stream(ingested: Project, stub: StubOpenAI) -> None:
    stub.stream = [sse({"error": {"message": f"upstream http://me:{PASSWORD}@gpu/v1?key={PASSWORD} has gone"}})]
    done = sweep(ingested, "openai", MODEL, 0.94, OPENAI_BASE_URL=stub.url)
    assert done.returncode == 1
    assert "upstream http://***@gpu/v1?*** has gone" in failures(ingested)
    assert leaks(ingested, done) == []


def test_after_an_ollama_that_repeats_it(ingested: Project) -> None:
    with StubOllama() as ollama:
        ollama.answer_with(Answer(status=500, body={"error": f"proxy says: Authorization: Basic {BASIC}, {KEY}"}))
        extra = {"CHIMERA_OLLAMA_ENDPOINTS": ollama.url, "CHIMERA_UPSTREAM": ADDRESS}
        done = sweep(ingested, "ollama", "gemma3:270m", 0.95, OLLAMA_HOST=ollama.url, **extra)
    assert done.returncode == 1
    assert leaks(ingested, done) == []


@pytest.mark.parametrize(
    "env",
    [
        {"OLLAMA_HOST": ADDRESS},
        {"OLLAMA_HOST": f"me:{PASSWORD}@127.0.0.1:1"},
        {"OLLAMA_HOST": f"http://127.0.0.1:1?key={PASSWORD}"},
        {"CHIMERA_OLLAMA_ENDPOINTS": ADDRESS},
    ],
)
@pytest.mark.parametrize("verb", [("sweep",), ("doctor",), ("env",), ("gpus", "--json")])
def test_after_an_address_with_a_password(ingested: Project, verb: tuple[str, ...], env: dict[str, str]) -> None:
    spec = {
        "engine": "ollama",
        "models": ["gemma3:270m"],
        "max_tokens": 16,
        "grid": {"top_p": [0.96]},
        "server_wait_s": 0,
    }
    ingested.spec.write_text(yaml.safe_dump(spec))
    done = ingested.forked(*verb, **(SECRETS | env))
    assert "OLLAMA_HOST" in done.stdout + done.stderr  # it was read
    assert leaks(ingested, done) == []


@pytest.mark.parametrize(
    "url", [f"http://me:{PASSWORD}@127.0.0.1:1/v1", f"http://127.0.0.1:1/v1?key={PASSWORD}", "http://127.0.0.1:1/v1"]
)
def test_after_a_base_url_with_a_password_or_without_a_server(ingested: Project, url: str) -> None:
    done = sweep(ingested, "openai", MODEL, 0.97, OPENAI_BASE_URL=url)
    assert done.returncode != 0
    assert leaks(ingested, done) == []


def test_the_search_for_leaks_finds_one(ingested: Project) -> None:
    done = subprocess.CompletedProcess((), 0, f"it says {PASSWORD}", "")
    hidden = ingested.data / "runs" / "hidden.bin"
    hidden.write_bytes(b"\0" + BASIC.encode())
    assert leaks(ingested, done) == ["stdout", "data/runs/hidden.bin"]
    hidden.unlink()
