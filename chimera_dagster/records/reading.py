"""Reads files of the data folder back; one that can't be trusted is an error that names it and says what to do."""

import io
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandera.pandas import DataFrameModel
from pydantic import BaseModel, ValidationError

from chimera_dagster.errors import DamagedFileError, OtherVersionError, first_problem
from chimera_dagster.files.opening import check_file, open_file, read_bytes

_PARQUET = b"PAR1"  # the last bytes of a file of this format
T = TypeVar("T", bound=BaseModel)


def read_file(path: Path, fix: str) -> bytes:
    """Raises FileNotFoundError, and DamagedFileError with the hint `fix` if there is something else than a file."""
    with _only_files(path, fix):
        return read_bytes(path)


@contextmanager
def _only_files(path: Path, fix: str) -> Generator[None]:
    """Turn an error of opening `path` into a DamagedFileError, but for FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except NotADirectoryError as error:
        raise DamagedFileError(f"{path.parent} is a file, not a folder.", hint=fix) from error
    except OSError as error:
        raise DamagedFileError(f"{path} can't be read: {error.strerror}.", hint=fix) from error


def read_document(path: Path, kind: type[T], fix: str) -> T:
    """A JSON document. Raises FileNotFoundError, DamagedFileError, OtherVersionError."""
    return parse_document(path, read_file(path, fix), kind, fix)


def parse_document(path: Path, content: bytes, kind: type[T], fix: str) -> T:
    """`content`, which was read from `path`. Raises DamagedFileError, OtherVersionError."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise DamagedFileError(f"{path} is empty or damaged.", hint=fix) from error
        raise OtherVersionError(f"{path} is of another version ({first_problem(error)}).", hint=fix) from error


def read_parquet(path: Path, schema: type[DataFrameModel], fix: str, *, categories: bool = False) -> pd.DataFrame:
    """A table; with `categories` its texts are categorical. Raises DamagedFileError if it is not whole or of another
    version.
    """
    columns = read_footer(path, schema, fix).schema.to_arrow_schema()
    texts = [field.name for field in columns if categories and pa.types.is_string(field.type)]
    try:
        table = pq.read_table(path, read_dictionary=texts, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise DamagedFileError(f"{path} is empty or damaged.", hint=fix) from error
    return table.to_pandas(self_destruct=True) if categories else table.to_pandas()


def read_footer(path: Path, schema: type[DataFrameModel], fix: str) -> pq.FileMetaData:
    """The columns of a table, and what is stored beside its rows. Raises DamagedFileError as `read_parquet` does."""
    with _only_files(path, fix):
        check_file(path)
    try:
        found = pq.read_metadata(path)
        columns = found.schema.to_arrow_schema()
    except (OSError, pa.ArrowException) as error:
        raise DamagedFileError(f"{path} is empty or damaged.", hint=fix) from error
    _check_columns(path, columns, schema, fix)
    return found


def is_parquet(path: Path) -> bool:
    """Whether there is a Parquet file that is not cut off; 20 times as fast as `read_footer`."""
    try:
        with open_file(path) as file:
            file.seek(-len(_PARQUET), io.SEEK_END)
            return file.read() == _PARQUET
    except OSError:  # a folder or a pipe, or shorter than that
        return False


def parse_parquet(path: Path, content: bytes, schema: type[DataFrameModel], fix: str) -> pd.DataFrame:
    """The table in `content`, which was read from `path`. Raises DamagedFileError."""
    try:
        table = pq.read_table(io.BytesIO(content), page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise DamagedFileError(f"{path} is empty or damaged.", hint=fix) from error
    _check_columns(path, table.schema, schema, fix)
    return table.to_pandas()


def _check_columns(path: Path, found: pa.Schema, schema: type[DataFrameModel], fix: str) -> None:
    if set(found.names) != set(schema.to_schema().columns):
        raise OtherVersionError(f"{path} is of another version: its columns differ.", hint=fix)
