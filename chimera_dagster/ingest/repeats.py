"""Numbers of a record that repeat one measurement: `decode_tps_1` and `decode_tps_2` beside `decode_tps_avg`."""

import re
from collections import defaultdict
from collections.abc import Iterable

from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.spelling import without_aggregate

_NUMBERED = re.compile(r"(?P<stem>.*[^\W\d])[ _-](?:run|rep|trial|iter|r)?[ _-]?(?P<number>\d{1,2})", re.IGNORECASE)


@remembered(maxsize=4_096)
def repeats_among(names: tuple[str, ...]) -> dict[str, str]:
    """The names that number the runs of one metric, each with the name of the metric.

    Their numbers count up from 0 or 1, and a mean or another aggregate of the metric stands beside them: without one
    they may be the values of a setting.
    """
    numbered: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name in names:
        if name[-1:].isdigit() and (found := _NUMBERED.fullmatch(name)):
            numbered[found["stem"]].append((int(found["number"]), name))
    if not numbered:
        return {}
    summed = {stem for name in names for stem, made in [without_aggregate(normal(name)[0])] if made}
    found_names: dict[str, str] = {}
    for stem, runs in numbered.items():
        numbers = sorted(number for number, _ in runs)
        counts = counts_up(numbers) and len(numbers) > 1 and len({*numbers}) == len(numbers)
        if counts and normal(stem)[0] in summed and meaning(stem).unit is not None:
            found_names |= {name: stem for _, name in runs}
    return found_names


def counts_up(values: Iterable[object]) -> bool:
    """Whether these are 0, 1, 2 and so on, or 1, 2, 3."""
    different = {*values}
    return different in ({*range(len(different))}, {*range(1, len(different) + 1)})
