"""What the locks name: each file by its hash, under a licence that this project accepts, and looked up in full."""

import json
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from audit import CLEAN, LOCKS, UNKNOWN, VULNERABLE, verdict

# Permissive, or copyleft of single files only. Add one after reading it.
ALLOWED = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MPL-2.0", "PSF-2.0", "Zlib"}
)
# How packages without an SPDX expression write them, in a classifier or in the field 'License'.
SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def requirements(lock: str) -> dict[str, str]:
    """The text of each requirement by its name."""
    entries = re.findall(r"(?m)^([A-Za-z0-9._-]+)==((?:.*\\\n)*.*)", (ROOT / lock).read_text())
    return dict(entries)


def licence_of(package: Distribution) -> str:
    """An SPDX expression, or what the package says instead of one."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return expression
    classifiers = [line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier") or () if "License ::" in line]
    named = classifiers or [(metadata.get("License") or "").strip()]
    return " OR ".join(SPELLINGS.get(name, name) for name in named)


def is_allowed(expression: str) -> bool:
    """Whether a choice of the expression has allowed licences only; where choices are nested, all must be allowed."""
    choices = [expression.strip("() ")] if " AND " in expression else re.split(r"\s+OR\s+", expression.strip("() "))
    return any(
        all(part.strip("() ") in ALLOWED for part in re.split(r"\s+(?:AND|OR)\s+", choice)) for choice in choices
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_file_is_named_by_its_hash(lock: str) -> None:
    found = requirements(lock)
    assert found
    assert [name for name, text in found.items() if "--hash=sha256:" not in text] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_package_has_a_licence_that_is_not_on_the_list(lock: str) -> None:
    licences: dict[str, str] = {}
    for name in requirements(lock):
        try:
            licences[name] = licence_of(distribution(name))
        except PackageNotFoundError:  # of another platform, or a tool of 'make audit'
            continue
    assert len(licences) > 100 or lock != "requirements.lock"
    assert {name: licence for name, licence in licences.items() if not is_allowed(licence)} == {}


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND PSF-2.0", True),
        ("GPL-3.0-only", False),
        ("MIT AND LGPL-2.1-or-later", False),
        ("MIT AND (MIT OR GPL-2.0-only)", False),
        ("", False),
        ("Proprietary", False),
    ],
)
def test_the_list_decides(expression: str, allowed: bool) -> None:
    assert is_allowed(expression) is allowed


def package(**more: object) -> dict[str, object]:
    return {"name": "acme", "version": "1.0", "vulns": [], **more}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([package(), package()], CLEAN, "2 packages looked up"),
        ([package(vulns=[{"id": "CVE-1", "fix_versions": ["1.1"]}])], VULNERABLE, "acme 1.0: CVE-1, fixed in 1.1"),
        ([package(), {"name": "acme", "skip_reason": "not found"}], UNKNOWN, "1 of 2 packages could not be looked up"),
        (
            [{"name": "a", "skip_reason": "x"}, package(vulns=[{"id": "C", "fix_versions": []}])],
            VULNERABLE,
            "fixed in none",
        ),
        ([], UNKNOWN, "no package was looked up"),
    ],
)
def test_what_was_not_looked_up_is_no_pass(packages: list[object], code: int, words: str) -> None:
    found = verdict(json.dumps({"dependencies": packages}), "")
    assert found.exit_code == code
    assert words in found.lines[0]


def test_a_service_that_can_not_be_reached_is_no_pass() -> None:
    found = verdict("", "Traceback ...\nConnectionError: failed to resolve 'pypi.org'\n")
    assert found == (
        UNKNOWN,
        ["The vulnerability service could not be reached: ConnectionError: failed to resolve 'pypi.org'"],
    )
