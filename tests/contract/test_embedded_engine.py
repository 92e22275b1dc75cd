"""The contract with a real model, and what only the embedded engine promises."""

import shutil
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chimera_dagster.engines.embedded import EmbeddedEngine
from chimera_dagster.engines.models import find_model
from chimera_dagster.errors import ModelFileError, ModelNotFoundError
from chimera_dagster.spec.timeouts import Timeouts
from chimera_dagster.spec.trial import ParamSet
from tests.conftest import needs_model
from tests.contract.engine_contract import EngineContract, read_all, text_of

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def shared() -> Generator[EmbeddedEngine]:
    engine = EmbeddedEngine(threads=1)  # what else runs on this machine then costs least
    yield engine
    engine.close()


class TestEmbeddedEngine(EngineContract):
    # A real model needs milliseconds for every step: limits far below them are always exceeded.
    limits = {  # noqa: RUF012 - read only
        "first": Timeouts(first_token_s=1e-3),
        "next": Timeouts(between_tokens_s=1e-5),
        "total": Timeouts(total_s=1e-3),
    }

    @pytest.fixture
    def engine(self, shared: EmbeddedEngine) -> EmbeddedEngine:
        return shared

    @pytest.fixture
    def make_slow(self) -> Any:
        return lambda kind: None

    def test_base_model_continues_text(self, engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        info = engine.describe(self.model)
        monkeypatch.setattr(engine, "describe", lambda model: replace(info, chat=False))
        request = self.request(prompt="The capital of France is", params=ParamSet(num_ctx=512, temperature=0.0))
        chunks, stats = read_all(engine.stream(request))
        assert "Paris" in "".join(chunk.text for chunk in chunks)
        assert stats.prompt_tokens is not None and stats.prompt_tokens < 10  # no template around it

    def test_tokens_are_counted_by_the_loaded_models_own_tokenizer(self, engine: EmbeddedEngine) -> None:
        engine.unload(self.model)
        assert engine.count_tokens(self.model, "The capital of France is") is None
        _, stats = read_all(engine.stream(self.request(prompt="The capital of France is", max_tokens=1)))
        counted = engine.count_tokens(self.model, "The capital of France is")
        assert counted is not None and stats.prompt_tokens is not None
        assert 4 <= counted < stats.prompt_tokens  # which has the chat template too
        assert engine.count_tokens(self.model, "") == 0

    def test_window_is_bounded_by_the_trained_one(self, engine: EmbeddedEngine) -> None:
        trained = engine.describe(self.model).trained_context
        params = ParamSet(num_ctx=1_048_576)
        assert read_all(engine.stream(self.request(params=params, max_tokens=1)))[1].effective_num_ctx == trained

    def test_file_of_the_user(self, engine: EmbeddedEngine) -> None:
        tag = f"file:{find_model(self.model).path}"
        assert read_all(engine.stream(self.request(model=tag, max_tokens=2)))[1].output_tokens == 2

    @needs_model("qwen2.5-coder:0.5b")
    def test_a_larger_model_of_the_catalogue_takes_turns_with_the_small_one(self, engine: EmbeddedEngine) -> None:
        larger = "qwen2.5-coder:0.5b"
        assert engine.describe(larger).chat
        request = self.request(prompt="What is the capital of France?", params=ParamSet(num_ctx=512, temperature=0.0))
        assert "Paris" in text_of(read_all(engine.stream(replace(request, model=larger)))[0])
        assert read_all(engine.stream(request))[1].load_ms is not None

    def test_damaged_file_is_named(self, engine: EmbeddedEngine, tmp_path: Path) -> None:
        half = tmp_path / "half.gguf"
        with find_model(self.model).path.open("rb") as file:
            half.write_bytes(file.read(8_000_000))
        with pytest.raises(ModelFileError, match=r"half\.gguf"):
            read_all(engine.stream(self.request(model=f"file:{half}")))
        assert read_all(engine.stream(self.request(max_tokens=2)))[1].output_tokens == 2

    def test_a_file_that_was_replaced_is_loaded_and_named_by_its_new_digest(
        self, engine: EmbeddedEngine, tmp_path: Path
    ) -> None:
        path = tmp_path / "mine.gguf"
        shutil.copy(find_model(self.model).path, path)
        request = self.request(model=f"file:{path}", max_tokens=2)
        before = engine.describe(request.model).digest
        read_all(engine.stream(request))
        with path.open("ab") as file:
            file.write(b"\0")
        assert engine.describe(request.model).digest != before
        assert read_all(engine.stream(request))[1].load_ms is not None

    def test_no_model_of_that_name_beats_no_file(self, engine: EmbeddedEngine) -> None:
        with pytest.raises(ModelFileError, match=r"/nowhere/model\.gguf"):
            engine.describe("file:/nowhere/model.gguf")
        with pytest.raises(ModelNotFoundError):
            engine.describe("/nowhere/model.gguf")
