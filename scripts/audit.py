"""Look up every locked package in PyPI's list of known vulnerabilities, with pip-audit.

    make audit

Exits with 0 if each was looked up and none is known to be vulnerable, with 1 if one is, and with 3 if one could not be
looked up: pip-audit itself then reports that no vulnerability is known.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-models.lock", "requirements-audit.lock")
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 3


class Verdict(NamedTuple):
    exit_code: int
    lines: list[str]


def audit(lock: Path) -> Verdict:
    command = ["-m", "pip_audit", "--requirement", str(lock), "--require-hashes", "--disable-pip", "--format", "json"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    return verdict(done.stdout, done.stderr)


def verdict(stdout: str, stderr: str) -> Verdict:
    """What pip-audit found, from its JSON; no JSON means that it could not reach the service."""
    try:
        packages = json.loads(stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (stderr.strip().splitlines() or ["no reason given"])[-1]
        return Verdict(UNKNOWN, [f"The vulnerability service could not be reached: {reason}"])
    lines = [
        f"{package['name']} {package['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none'}"
        for package in packages
        for found in package.get("vulns", ())
    ]
    if lines:
        return Verdict(VULNERABLE, lines)
    skipped = [package for package in packages if "skip_reason" in package]
    if skipped or not packages:
        first = skipped[0]["skip_reason"] if skipped else "no package was looked up"
        return Verdict(
            UNKNOWN, [f"{len(skipped)} of {len(packages)} packages could not be looked up, such as: {first}"]
        )
    return Verdict(CLEAN, [f"{len(packages)} packages looked up, no known vulnerability"])


def main() -> int:
    codes: set[int] = set()
    for name in LOCKS:
        found = audit(ROOT / name)
        codes.add(found.exit_code)
        for line in found.lines:
            print(f"{name}: {line}")
    if UNKNOWN in codes:
        print("NOT CHECKED: this is not a pass. Run 'make audit' where the list of vulnerabilities can be reached.")
    return VULNERABLE if VULNERABLE in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main())
