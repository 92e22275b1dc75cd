"""A claim is of a trial in a data folder, by whichever path the folder is reached, and of no other folder's."""

from pathlib import Path

from chimera_dagster.gpu.holder import holder
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.settings import Settings
from chimera_dagster.spec.trial import ParamSet, Trial

TRIAL = Trial("gemma3:270m", ParamSet())


def at(data: Path, leases: Path) -> Workspace:
    return Workspace(Settings(data_dir=data, leases_dir=leases))


def test_a_link_to_a_data_folder_is_the_same_folder(tmp_path: Path) -> None:
    data, link, leases = tmp_path / "data", tmp_path / "link", tmp_path / "leases"
    data.mkdir()
    link.symlink_to(data)
    with at(data, leases).claiming(TRIAL) as claimed:
        assert claimed
        with at(link, leases).claiming(TRIAL, wait=False) as again:
            assert not again
        with at(tmp_path / "other", leases).claiming(TRIAL, wait=False) as other:
            assert other
    assert holder(folder=link).folder == str(data.resolve())
