"""Settings come from the environment; a value of the wrong form names its variable."""

import pytest

from chimera_dagster.errors import SettingError
from chimera_dagster.settings import load_settings


@pytest.mark.parametrize(
    ("name", "value", "field", "meaning"),
    [
        ("CHIMERA_TRIAL_RETRIES", None, "trial_retries", 2),
        ("CHIMERA_TRIAL_RETRIES", "0", "trial_retries", 0),
        ("CHIMERA_AUTO_REFRESH", None, "auto_refresh", False),
        ("CHIMERA_AUTO_REFRESH", "1", "auto_refresh", True),
        ("CHIMERA_AUTO_REFRESH", "0", "auto_refresh", False),
    ],
)
def test_what_the_daemon_does_by_itself(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, field: str, meaning: object
) -> None:
    monkeypatch.delenv(name, raising=False)
    if value is not None:
        monkeypatch.setenv(name, value)
    assert getattr(load_settings(), field) == meaning


@pytest.mark.parametrize(
    ("name", "value"),
    [("CHIMERA_TRIAL_RETRIES", "-1"), ("CHIMERA_TRIAL_RETRIES", "many"), ("CHIMERA_AUTO_REFRESH", "maybe")],
)
def test_a_value_of_the_wrong_form_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=f"^{name}: "):
        load_settings()
