"""The header of a GGUF file, read without loading the model.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The `gguf` package takes 17 s for a
vocabulary of 262,144 tokens, because it keeps them; this reader skips every array. A header may come from anybody: what
it costs to read is bounded, whatever sizes it states.
"""

import math
import os
import struct
from functools import cache
from io import BufferedReader
from pathlib import Path

from chimera_dagster.engines.base import ModelInfo
from chimera_dagster.errors import ModelFileError
from chimera_dagster.files.opening import open_file

Scalar = int | float | bool | str

_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
# Far above what models have: some 60 keys, a chat template of 20 KB, and arrays of 260,000 tokens and 520,000 merges
_MOST_PAIRS, _MOST_TEXT, _MOST_ITEMS = 1 << 16, 1 << 24, 1 << 22  # text in bytes and items of arrays, of a whole header
_DEEPEST = 8  # levels of arrays
_LONGEST_NAME = 200  # characters of an architecture or a size
_MOST_TOKENS = 1 << 31  # of a context, or layers of a model
_MOST_TENSORS, _MOST_DIMENSIONS = 1 << 16, 8  # of a model, which has some 1,000 of at most 4
_ALIGNMENT = 32  # of the data, unless `general.alignment` says otherwise
# ggml's types of tensors: values in a block, and bytes of a block
_TENSOR_BLOCKS = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    20: (32, 18),  # IQ4_NL
    23: (256, 136),  # IQ4_XS
    30: (1, 2),  # BF16
    39: (32, 17),  # MXFP4
}
# llama.cpp's llama_ftype, as far as published models use it
_FILE_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    32: "BF16",
}


def read_header(path: Path) -> dict[str, Scalar]:
    """Scalar metadata of a GGUF file by key. Raises ModelFileError if `path` is not a GGUF file, or is cut off."""
    try:
        with open_file(path) as file:
            if file.read(4) != b"GGUF":
                raise ModelFileError(f"{path} is not a GGUF file.", hint="Choose a file in llama.cpp's GGUF format.")
            header = _Header(file)
            found = header.pairs()
            header.check_tensors(found.get("general.alignment"))
            return found
    except (struct.error, ValueError, KeyError, OverflowError) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        raise ModelFileError(
            f"{path} can't be read: {error.strerror}.", hint="Check the path after 'file:'."
        ) from error


@cache
def model_info(tag: str, path: Path, digest: str) -> ModelInfo:
    """What the header of `path` says about the model `tag`; read once per process. Raises ModelFileError."""
    header = read_header(path)

    def name(key: str) -> str | None:
        value = str(header.get(key, ""))
        if len(value) > _LONGEST_NAME:
            raise _damaged(path, f"{key} has {len(value)} characters")
        return value or None

    def count(key: str) -> int | None:
        value = header.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        if not 0 <= value <= _MOST_TOKENS:
            raise _damaged(path, f"{key} is {value}")
        return value

    family = name("general.architecture")
    file_type = header.get("general.file_type")

    return ModelInfo(
        tag=tag,
        digest=digest,
        family=family,
        parameter_size=name("general.size_label"),
        quantization=_FILE_TYPES.get(file_type) if isinstance(file_type, int) else None,
        trained_context=count(f"{family}.context_length"),
        layers=count(f"{family}.block_count"),
        chat="tokenizer.chat_template" in header,
    )


class _Header:
    """Reads the metadata behind the first four bytes of a file. Its errors name the key that they are about."""

    def __init__(self, file: BufferedReader) -> None:
        self._file, self._size = file, os.fstat(file.fileno()).st_size
        self._text, self._items = _MOST_TEXT, _MOST_ITEMS  # what is left of each

    def pairs(self) -> dict[str, Scalar]:
        _version, self._tensors, count = struct.unpack("<IQQ", self._file.read(20))
        if count > _MOST_PAIRS:
            raise ValueError(f"it states {count} keys")
        found: dict[str, Scalar] = {}
        for number in range(1, count + 1):
            key = f"key {number}"
            try:
                key = self._string()
                value = self._value(*struct.unpack("<I", self._file.read(4)))
            except KeyError as error:
                raise ValueError(f"{key}: there is no type {error}") from error
            except (struct.error, ValueError, OverflowError) as error:
                raise ValueError(f"{key}: {error}") from error
            if value is not None:
                found[key] = value
        return found

    def check_tensors(self, alignment: Scalar | None) -> None:
        """Raise ValueError if the file ends before the data of a tensor does; call it after `pairs`."""
        if self._tensors > _MOST_TENSORS:
            raise ValueError(f"it states {self._tensors} tensors")
        ends = [self._end_of_tensor() for _ in range(self._tensors)]
        step = alignment if isinstance(alignment, int) and alignment > 0 else _ALIGNMENT
        missing = -(-self._file.tell() // step) * step + max(ends, default=0) - self._size
        if ends and missing > 0:
            raise ValueError(f"{missing} bytes are missing at its end")

    def _end_of_tensor(self) -> int:
        """Where its data end, from where the data of all begin; without its size if the type is not known here."""
        self._string()
        (dimensions,) = struct.unpack("<I", self._file.read(4))
        if dimensions > _MOST_DIMENSIONS:
            raise ValueError(f"a tensor of {dimensions} dimensions")
        *lengths, kind, offset = struct.unpack(f"<{dimensions}QIQ", self._file.read(8 * dimensions + 12))
        values, size = _TENSOR_BLOCKS.get(kind, (1, 0))
        return offset + math.prod(lengths) * size // values

    def _string(self) -> str:
        (length,) = struct.unpack("<Q", self._file.read(8))
        if length > self._text:
            raise ValueError(f"a text of {length} bytes")
        self._text -= length
        content = self._file.read(length)
        if len(content) < length:
            raise ValueError(f"it ends {length - len(content)} bytes early")
        return content.decode()

    def _value(self, kind: int) -> Scalar | None:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            self._skip_array(1)
            return None
        return struct.unpack(f"<{_FORMATS[kind]}", self._file.read(struct.calcsize(_FORMATS[kind])))[0]

    def _skip_array(self, depth: int) -> None:
        element, length = struct.unpack("<IQ", self._file.read(12))
        if length > self._items:
            raise ValueError(f"an array of {length} values")
        self._items -= length
        if element == _STRING:
            for _ in range(length):
                self._skip(*struct.unpack("<Q", self._file.read(8)))
        elif element == _ARRAY:
            if depth == _DEEPEST:
                raise ValueError(f"arrays in arrays, {_DEEPEST} deep")
            for _ in range(length):
                self._skip_array(depth + 1)
        else:
            self._skip(length * struct.calcsize(_FORMATS[element]))

    def _skip(self, length: int) -> None:
        if length > self._size:
            raise ValueError(f"a value of {length} bytes in a file of {self._size}")
        self._file.seek(length, os.SEEK_CUR)


def _damaged(path: Path, why: object) -> ModelFileError:
    return ModelFileError(f"{path} is damaged ({why}).", hint="Download the file again.")
