"""Which engine is taken, why, and what the doctor sees."""

import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.engines.model_sources.catalogue import CATALOGUE
from chimera_dagster.engines.models import find_model
from chimera_dagster.engines.ollama import OllamaEngine
from chimera_dagster.engines.openai import OpenAIEngine
from chimera_dagster.engines.registry import Engines
from chimera_dagster.errors import EngineUnreachableError, ModelFileError, ModelNotFoundError, SettingError
from tests.stub_ollama import StubOllama
from tests.stub_openai import MODEL, StubOpenAI
from tests.tiny_model import Tiny


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def stub() -> Generator[StubOllama]:
    with StubOllama(models=["smollm2:135m", "gemma3:latest"]) as server:
        yield server


@pytest.fixture
def nobody() -> str:
    """An address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


def test_auto_takes_ollama_where_it_has_the_model(stub: StubOllama) -> None:
    engine, info, reason, _ = Engines(stub.url).resolve("auto", "smollm2:135m")
    assert isinstance(engine, OllamaEngine)
    assert info.digest == "fd5f44c0b5aff6453726119fc560d73a8a995a55b4a49804bc24b1969ecf1794"
    assert reason == f"Ollama at {stub.url} has smollm2:135m"


def test_auto_knows_the_tag_that_goes_without_saying(stub: StubOllama) -> None:
    stub.models.append("gemma3")  # the real server resolves the name itself
    assert isinstance(Engines(stub.url).resolve("auto", "gemma3").engine, OllamaEngine)


def test_auto_takes_the_embedded_engine_where_ollama_is_down(nobody: str) -> None:
    engine, info, reason, _ = Engines(nobody).resolve("auto", "smollm2:135m")
    assert isinstance(engine, EmbeddedEngine)
    assert info.layers == 30
    assert reason == f"embedded: nothing answers at http://{nobody} (connection refused)"


def test_auto_takes_the_embedded_engine_where_ollama_lacks_the_model(stub: StubOllama) -> None:
    stub.models = ["gemma3:latest"]
    engine, _, reason, _ = Engines(stub.url).resolve("auto", "smollm2:135m")
    assert isinstance(engine, EmbeddedEngine)
    assert reason == f"embedded: Ollama at {stub.url} has no smollm2:135m"


def test_auto_stays_with_its_choice(stub: StubOllama) -> None:
    engines = Engines(stub.url)
    first = engines.resolve("auto", "smollm2:135m")
    stub.models = []
    with pytest.raises(ModelNotFoundError):  # and not another engine in the middle of a sweep
        engines.resolve("auto", "smollm2:135m")
    stub.models = ["smollm2:135m"]
    assert engines.resolve("auto", "smollm2:135m") == first


@pytest.mark.parametrize("up", [True, False])
def test_model_that_nobody_has(stub: StubOllama, nobody: str, up: bool) -> None:
    with pytest.raises(ModelNotFoundError, match="'nope:1b'") as error:
        Engines(stub.url if up else nobody).resolve("auto", "nope:1b")
    text = str(error.value)
    assert "ollama pull nope:1b" in text
    assert "file:/path/model.gguf" in text
    assert "embedded engine has smollm2:135m" in text
    assert ("gemma3:latest" in text) is up
    assert ("ollama serve" in text) is not up


def test_model_of_the_catalogue_that_nobody_has_yet(nobody: str) -> None:
    with pytest.raises(ModelNotFoundError, match=r"qwen2\.5-coder:0\.5b") as error:
        Engines(nobody).resolve("auto", "qwen2.5-coder:0.5b")
    assert error.value.hint.startswith("Run 'chimera models get qwen2.5-coder:0.5b'. Or: ")


def test_auto_reads_the_store_of_an_ollama_that_is_down(tiny: Tiny, nobody: str) -> None:
    tiny.put_into_store("smollm3:latest", find_model("smollm2:135m").path.read_bytes())
    engine, info, reason, _ = Engines(nobody).resolve("auto", "smollm3")
    assert isinstance(engine, EmbeddedEngine)
    assert info.digest == CATALOGUE["smollm2:135m"].sha256
    assert reason == f"embedded: nothing answers at http://{nobody} (connection refused)"


def test_model_files_are_read_by_the_embedded_engine(nobody: str) -> None:
    with pytest.raises(ModelFileError, match=r"/nowhere/x\.gguf"):
        Engines(nobody).resolve("auto", "file:/nowhere/x.gguf")
    with pytest.raises(ModelNotFoundError, match="Ollama does not read") as error:
        Engines(nobody).resolve("ollama", "file:/nowhere/x.gguf")
    assert "engine: embedded" in error.value.hint


def test_explicit_ollama_must_answer_and_have_the_model(stub: StubOllama, nobody: str) -> None:
    with pytest.raises(EngineUnreachableError, match="connection refused"):
        Engines(nobody).resolve("ollama", "smollm2:135m")
    with pytest.raises(ModelNotFoundError, match="has no model 'gemma3:270m'"):
        Engines(stub.url).resolve("ollama", "gemma3:270m")
    assert isinstance(Engines(stub.url).resolve("ollama", "smollm2:135m").engine, OllamaEngine)


def test_explicit_embedded_asks_no_server(stub: StubOllama) -> None:
    engine, _, reason, _ = Engines(stub.url).resolve("embedded", "smollm2:135m")
    assert isinstance(engine, EmbeddedEngine)
    assert reason == "embedded: requested"
    assert stub.requests == []


def test_malformed_host_is_an_error_and_no_reason_for_another_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "localhost:abc")
    with pytest.raises(SettingError, match="localhost:abc"):
        Engines().resolve("auto", "smollm2:135m")
    assert isinstance(Engines().resolve("embedded", "smollm2:135m").engine, EmbeddedEngine)


def test_engines_are_kept(stub: StubOllama) -> None:
    engines = Engines(stub.url)
    calls = [engines.resolve(choice, "smollm2:135m").engine for choice in ("auto", "ollama", "embedded", "embedded")]
    assert calls[0] is calls[1]
    assert calls[2] is calls[3]
    engines.close()
    assert engines.resolve("ollama", "smollm2:135m").engine is calls[0]


def test_survey_of_engines_that_answer(stub: StubOllama) -> None:
    ollama, embedded = Engines(stub.url).survey()
    assert ollama == ("ollama", True, f"ollama 0.32.15 at {stub.url}", ["gemma3:latest", "smollm2:135m"], "")
    assert (embedded.name, embedded.answers) == ("embedded", True)
    assert embedded.detail.startswith("xllamacpp ")
    assert embedded.models == ["smollm2:135m"]


def test_survey_of_a_server_that_is_down_empty_or_misnamed(
    stub: StubOllama, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = Engines(nobody).survey()[0]
    assert (down.answers, down.models) == (False, [])
    assert "connection refused" in down.detail
    assert "ollama serve" in down.hint

    stub.models = []
    empty = Engines(stub.url).survey()[0]
    assert (empty.answers, empty.models) == (True, [])
    assert "ollama pull" in empty.hint

    monkeypatch.setenv("OLLAMA_HOST", ":66000")
    misnamed = Engines().survey()[0]
    assert not misnamed.answers
    assert "OLLAMA_HOST=':66000'" in misnamed.detail


def test_server_with_the_interface_of_openai_is_asked_for_by_name(nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with StubOpenAI() as stub:
        monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
        engines = Engines(nobody)
        engine, _, reason, _ = engines.resolve("openai", MODEL)
        assert isinstance(engine, OpenAIEngine)
        assert reason == f"OpenAI-compatible server at {stub.url} has {MODEL}"
        with pytest.raises(ModelNotFoundError, match="No engine has the model"):
            engines.resolve("auto", MODEL)
        assert engines.survey()[-1] == ("openai", True, f"vllm unknown at {stub.url}", [MODEL], "")


def test_survey_is_quiet_of_a_server_that_is_not_set(nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    engines = Engines(nobody)
    assert [status.name for status in engines.survey()] == ["ollama", "embedded"]
    with pytest.raises(SettingError, match="OPENAI_BASE_URL is not set"):
        engines.resolve("openai", MODEL)
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost")
    misnamed = engines.survey()[-1]
    assert (misnamed.name, misnamed.answers) == ("openai", False)
    assert "OPENAI_BASE_URL='localhost'" in misnamed.detail
