"""Reading only what changed gives what reading everything gives, whatever happens to the folder in between."""

import hashlib
import os
import random
import re
import shutil

import pandas as pd
import pytest

from chimera_dagster.ingest import parse
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.records.store import Store
from chimera_dagster.steps import ingest

STEPS = 160
FOLDERS = ("", "plain/", "other/", "gemma3_270m/", "gemma3_270m/deep/", "smollm2_135m/")
NAMES = ("a", "b", "c", "runs_summary", "llama3_x")
ENDINGS = {
    ".csv": "model,num_ctx,ttft_ms\nm:1,512,{}\n",
    ".json": '[{{"seed": 1, "tokens_s": {}}}, {{"x": 5}}]',
    ".jsonl": '{{"ttft_ms": {}}}\n{{"ttft_ms": 7}}\n',
    ".md": "- TTFT: {} ms\n\n| model | ttft_s |\n|---|---|\n| m | 3 |\n",
}


@pytest.fixture
def parsed(monkeypatch):
    """Paths of the files that were parsed."""
    paths, original = [], parse._parse

    def counted(file, collector):
        paths.append(file.path)
        return original(file, collector)

    monkeypatch.setattr(parse, "_parse", counted)
    return paths


def tables_of(store):
    return store.read_table("benchmark_files"), store.read_table("measurements")


def assert_same(store, reports):
    """The tables are those of a reading that knows nothing of an earlier one."""
    files, measurements = tables_of(store)
    cold = read_in_memory(reports)
    pd.testing.assert_frame_equal(files, cold.files, check_dtype=False)
    pd.testing.assert_frame_equal(measurements, cold.measurements, check_dtype=False)


class Walk:
    """A folder to which things happen; every change has a time of its own, long ago."""

    def __init__(self, root, seed):
        self.root, self.chance, self.clock = root / "reports", random.Random(seed), 1_500_000_000
        self.outside = root / "outside"
        self.outside.mkdir()
        for name in FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)
        self.write(self.root / "keep.csv")

    def files(self):
        return sorted(path for path in self.root.rglob("*") if not path.is_dir())

    def some(self):
        """Any file but the one that keeps the folder from being empty."""
        return self.chance.choice([path for path in self.files() if path.name != "keep.csv"] or [self.new()])

    def free(self, folders=FOLDERS, endings=tuple(ENDINGS)):
        while True:
            name = self.chance.choice(folders) + self.chance.choice(NAMES) + self.chance.choice(endings)
            path = self.root / name
            if not path.exists() and not path.is_symlink():
                return path

    def tick(self, path):
        self.clock += 1
        if self.chance.random() < 0.9:
            os.utime(path, (self.clock, self.clock))

    def write(self, path):
        path.write_text(ENDINGS[path.suffix].format(self.chance.randrange(1000, 9999)))
        self.tick(path)
        return path

    def new(self):
        return self.write(self.free())

    def change(self):
        path = self.some()
        if not path.is_symlink():
            self.write(path)

    def touch(self):
        self.tick(self.some())

    def rename(self):
        path = self.some()
        ending = path.suffix if self.chance.random() < 0.7 else self.chance.choice(tuple(ENDINGS))
        here = path.parent.relative_to(self.root).as_posix()
        if any(not (path.parent / (name + ending)).exists() for name in NAMES):
            path.rename(self.free(["" if here == "." else f"{here}/"], [ending]))

    def move(self):
        path = self.some()
        path.rename(self.free(endings=[path.suffix]))

    def delete(self):
        self.some().unlink()

    def duplicate(self):
        path = self.some()
        copy = self.free(endings=[path.suffix])
        shutil.copyfile(path, copy)
        self.tick(copy)

    def delete_original(self):
        content = {}
        for path in self.files():
            content.setdefault(path.read_bytes(), []).append(path)
        doubles = [paths for paths in content.values() if len(paths) > 1 and paths[0].name != "keep.csv"]
        if doubles:
            self.chance.choice(doubles)[0].unlink()

    def swap(self):
        one, two, aside = self.some(), self.some(), self.root / "aside"
        if one != two and one.suffix == two.suffix:
            one.rename(aside), two.rename(one), aside.rename(two)

    def make_unreadable(self):
        """A link out of the folder: unlike a file without rights, root can't read it either."""
        path = self.some()
        if not path.is_symlink():
            away = self.outside / f"{self.clock}-{path.name}"
            path.rename(away)
            path.symlink_to(away)

    def make_readable(self):
        for path in self.files():
            if path.is_symlink():
                path.resolve().replace(path)
                return

    def replace_by_folder(self):
        path = self.some()
        path.unlink()
        path.mkdir()
        self.write(path / f"a{path.suffix}")
        if self.chance.random() < 0.5:
            shutil.rmtree(path)

    def step(self):
        if len(self.files()) > 25:
            return self.delete()
        steps = (self.new, self.change, self.touch, self.rename, self.move, self.delete, self.duplicate, self.swap)
        steps += (self.delete_original, self.make_unreadable, self.make_readable, self.replace_by_folder)
        happens = self.chance.choice((*steps, self.new, self.duplicate, self.change))
        happens()
        return happens.__name__


def to_parse(before, now):
    """What must be parsed: `before` is the old files table by path, `now` the digest of each file, null where none.

    Content that its path had before, or that a file which is gone had, is known; but a copy's rows are those of
    its original, and what a path says of its content must be the same.
    """
    known = {}
    gone = {sha: path for path, (sha, status, _) in before.items() if path not in now and status != "duplicate_of"}
    for path, sha in now.items():
        source = path if path in before and before[path][0] == sha else gone.get(sha)
        if sha and source and before[source][1] != "unreadable" and said(source) == said(path):
            known[path] = source
    return {path for path in now if path not in known or not _answered(before, known, known[path])}


def _answered(before, known, source):
    sha, status, original = before[source]
    return status != "duplicate_of" or (original in known and before[known[original]][0] == sha)


def said(path):
    models = re.findall("gemma3_270m|smollm2_135m|llama3", path)
    return models[-1:], "_summary." in path.rpartition("/")[2], path.rpartition(".")[2]


def digests(root):
    return {
        path.relative_to(root).as_posix(): None if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if not path.is_dir()
    }


@pytest.mark.slow
def test_a_long_walk(tmp_path, parsed):
    walk, store = Walk(tmp_path, seed=16), Store(tmp_path / "data")
    before, happened, read, known = {}, set(), 0, 0
    for _ in range(STEPS):
        happened.add(walk.step())
        now = digests(walk.root)
        parsed.clear()
        ingest.ingest_folder(store, walk.root)
        assert sorted(parsed) == sorted(to_parse(before, now))
        read, known = read + len(parsed), known + len(now) - len(parsed)
        assert_same(store, walk.root)
        rows = store.read_table("benchmark_files")[["path", "sha256", "status", "reason"]].astype(object)
        before = {path: (sha, status, reason) for path, sha, status, reason in rows.itertuples(index=False)}
    assert len(happened) > 12
    assert (read > STEPS / 2, known > 5 * read) == (True, True), (read, known)


@pytest.fixture
def ingested(tmp_path):
    """A folder with a copy in it, and the data folder that answers for it."""
    walk, store = Walk(tmp_path, seed=1), Store(tmp_path / "data")
    for name in ("a.csv", "b.json", "c.md", "gemma3_270m/d.jsonl"):
        walk.write(walk.root / name)
    shutil.copyfile(walk.root / "a.csv", walk.root / "plain/z.csv")
    walk.clock += 1
    os.utime(walk.root / "plain/z.csv", (walk.clock, walk.clock))
    ingest.ingest_folder(store, walk.root)
    return walk, store


def test_nothing_changed_and_nothing_is_parsed_or_written(ingested, parsed):
    walk, store = ingested
    written = [store.table_path(name).stat().st_mtime_ns for name in ("benchmark_files", "measurements")]
    ingest.ingest_folder(store, walk.root)
    assert parsed == []
    assert [store.table_path(name).stat().st_mtime_ns for name in ("benchmark_files", "measurements")] == written


def test_a_copy_that_is_renamed_before_its_original_leaves_the_numbers_in_the_table(ingested):
    walk, store = ingested
    (walk.root / "plain/z.csv").rename(walk.root / "0.csv")
    ingest.ingest_folder(store, walk.root)
    assert_same(store, walk.root)
    assert (tables_of(store)[1]["file"] == "0.csv").any()


def test_a_file_of_another_kind_is_parsed_anew(ingested, parsed):
    walk, store = ingested
    (walk.root / "b.json").rename(walk.root / "b.md")
    ingest.ingest_folder(store, walk.root)
    assert parsed == ["b.md"]
    assert_same(store, walk.root)


def test_a_file_whose_rights_are_taken_away_is_unreadable_though_nothing_else_changed(ingested, monkeypatch):
    walk, store = ingested
    (walk.root / "b.json").chmod(0)
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("b.json"))
    ingest.ingest_folder(store, walk.root)
    files = tables_of(store)[0].set_index("path")
    assert tuple(files.loc["b.json", ["status", "reason"]]) == ("unreadable", "Permission denied")
    monkeypatch.undo()
    (walk.root / "b.json").chmod(0o644)
    ingest.ingest_folder(store, walk.root)
    assert_same(store, walk.root)


def test_a_reading_that_is_killed_between_its_two_tables_is_made_good(ingested, monkeypatch):
    walk, store = ingested
    walk.write(walk.root / "a.csv")
    (walk.root / "c.md").unlink()

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "write_table", killed)
    with pytest.raises(KeyboardInterrupt):
        ingest.ingest_folder(store, walk.root)
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        assert_same(store, walk.root)
    ingest.ingest_folder(store, walk.root)
    assert_same(store, walk.root)


def cut(raw):
    return raw[: len(raw) // 2]


def zeroed(raw):
    return b"\0" * len(raw)


def broken_end(raw):
    return raw[:-60] + bytes(byte ^ 0x55 for byte in raw[-60:-8]) + raw[-8:]


@pytest.mark.parametrize("damage", [cut, zeroed, broken_end, lambda raw: b"", lambda raw: raw[:-1]])
@pytest.mark.parametrize("name", ["benchmark_files", "measurements"])
def test_a_damaged_table_is_made_anew(ingested, parsed, name, damage):
    walk, store = ingested
    path = store.table_path(name)
    path.write_bytes(damage(path.read_bytes()))
    ingest.ingest_folder(store, walk.root)
    assert len(parsed) == 6
    assert_same(store, walk.root)


@pytest.mark.parametrize("name", ["benchmark_files", "measurements"])
def test_a_table_with_one_wrong_byte_is_never_taken_over(ingested, name):
    walk, store = ingested
    path = store.table_path(name)
    whole, chance = path.read_bytes(), random.Random(3)
    others = {each: store.table_path(each).read_bytes() for each in ("benchmark_files", "measurements")}
    for _ in range(30):
        for each, content in others.items():
            store.table_path(each).write_bytes(content)
        at = chance.randrange(4, len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        walk.write(walk.root / "keep.csv")
        ingest.ingest_folder(store, walk.root)
        assert_same(store, walk.root)
