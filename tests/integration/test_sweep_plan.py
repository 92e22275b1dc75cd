"""`chimera sweep --plan` and `--detect` say what a sweep takes and shows, and run nothing."""

import json

from tests.conftest import Project


def test_a_plan_runs_nothing(project: Project) -> None:
    planned = project.forked("sweep", "--plan")
    assert planned.returncode == 0, planned.stderr
    first, _, scatter, shows, rounds = planned.stdout.splitlines()
    assert first == "2 trials, 2 to run, 1 round of 1 repeat: 4 calls, 1 load, about 7 s."
    assert scatter.endswith("by 2.0% between repeats (a guess) and by 1.0% between visits (a guess).")
    assert shows == "It will show no difference: a test needs at least two trials, and more repeats or rounds."
    assert rounds.startswith("One round can't tell")
    proposed = project.forked("sweep", "--detect", "5%", "--json")
    assert proposed.returncode == 0, proposed.stderr
    found = json.loads(proposed.stdout)
    assert found["slowest"] <= 0.05 and found["rounds"] >= 2
    wrong = project.forked("sweep", "--detect", "much")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Write it as --detect 5%." in wrong.stderr
    assert sorted(path.name for path in project.data.iterdir()) == ["reports"]
