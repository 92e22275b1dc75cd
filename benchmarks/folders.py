"""Folders of benchmark files of any size, made from the results in data/reports; no two files are alike."""

from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "data" / "reports"


def make_folder(root: Path, files: int) -> int:
    """Write that many files below `root`; the bytes written.

    A copy differs from its sample by its number: in a column `iteration`, a key `iteration` or a list item.
    """
    samples = [(path.relative_to(SAMPLES), path.read_text()) for path in sorted(SAMPLES.rglob("*")) if path.is_file()]
    size = 0
    for place in range(files):
        number, (name, text) = place // len(samples), samples[place % len(samples)]
        path = root / f"{number:05d}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size += path.write_text(_numbered(text, path.suffix, number))
    return size


def _numbered(text: str, suffix: str, number: int) -> str:
    if suffix == ".csv":
        header, *rows = text.splitlines()
        return "\n".join([f"iteration,{header}", *(f"{number},{row}" for row in rows)]) + "\n"
    if suffix == ".json":
        return text.replace("{", f'{{"iteration": {number}, ', 1)
    return f"{text}\n- Iteration: {number}\n"
