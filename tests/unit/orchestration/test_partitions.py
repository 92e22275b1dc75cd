"""Partitions that several processes add at the same time."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from dagster import DagsterInstance
from sqlalchemy.exc import IntegrityError

from chimera_dagster.orchestration.partitions import register
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import SweepSpec


def test_a_partition_that_another_process_adds_in_between_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = SweepSpec.model_validate({"models": ["a:1b", "b:1b"]}).plans()
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        add, refused = instance.add_dynamic_partitions, list[str]()

        def after_another(name: str, keys: Sequence[str]) -> None:
            if name not in refused:  # what SQLite says if a key is added between Dagster's question and its answer
                refused.append(name)
                add(name, keys[:1])
                raise IntegrityError("INSERT INTO dynamic_partitions", None, Exception("UNIQUE constraint failed"))
            add(name, keys)

        monkeypatch.setattr(instance, "add_dynamic_partitions", after_another)
        register(instance, Store(tmp_path / "data"), plans)
        assert refused == ["model", "params"]
        assert sorted(instance.get_dynamic_partitions("model")) == ["a:1b", "b:1b"]
