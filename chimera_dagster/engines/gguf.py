"""The header of a GGUF file, read without loading the model.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The `gguf` package takes 17 s for a
vocabulary of 262,144 tokens, because it keeps them; this reader skips every array.
"""

import struct
from functools import cache
from io import BufferedReader
from pathlib import Path

from chimera_dagster.engines.base import ModelInfo
from chimera_dagster.errors import ModelFileError

Scalar = int | float | bool | str

_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_LONGEST_STRING = 1 << 24  # bytes; chat templates are the longest, and a damaged length must not take all memory
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
    """Scalar metadata of a GGUF file by key. Raises ModelFileError if `path` is not a GGUF file."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelFileError(f"{path} is not a GGUF file.", hint="Choose a file in llama.cpp's GGUF format.")
            _version, _tensors, pairs = struct.unpack("<IQQ", file.read(20))
            header: dict[str, Scalar] = {}
            for _ in range(pairs):
                key = _string(file)
                value = _value(file, *struct.unpack("<I", file.read(4)))
                if value is not None:
                    header[key] = value
            return header
    except (struct.error, ValueError, KeyError, OverflowError) as error:
        raise ModelFileError(f"The header of {path} is damaged ({error}).", hint="Download the file again.") from error
    except OSError as error:
        raise ModelFileError(
            f"{path} can't be read: {error.strerror}.", hint="Check the path after 'file:'."
        ) from error


@cache
def model_info(tag: str, path: Path, digest: str) -> ModelInfo:
    """What the header of `path` says about the model `tag`; read once per process."""
    header = read_header(path)
    family = str(header.get("general.architecture", "")) or None
    file_type = header.get("general.file_type")
    size = header.get("general.size_label")

    def count(name: str) -> int | None:
        value = header.get(f"{family}.{name}")
        return int(value) if isinstance(value, int) else None

    return ModelInfo(
        tag=tag,
        digest=digest,
        family=family,
        parameter_size=str(size) if size is not None else None,
        quantization=_FILE_TYPES.get(file_type) if isinstance(file_type, int) else None,
        trained_context=count("context_length"),
        layers=count("block_count"),
        chat="tokenizer.chat_template" in header,
    )


def _string(file: BufferedReader) -> str:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _LONGEST_STRING:
        raise ValueError(f"a string of {length} bytes")
    content = file.read(length)
    if len(content) < length:
        raise ValueError(f"it ends {length - len(content)} bytes early")
    return content.decode()


def _value(file: BufferedReader, kind: int) -> Scalar | None:
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        return struct.unpack(f"<{_FORMATS[kind]}", file.read(struct.calcsize(_FORMATS[kind])))[0]
    element, length = struct.unpack("<IQ", file.read(12))
    if element == _STRING:
        for _ in range(length):
            file.seek(struct.unpack("<Q", file.read(8))[0], 1)
    elif element == _ARRAY:
        for _ in range(length):
            _value(file, _ARRAY)
    else:
        file.seek(length * struct.calcsize(_FORMATS[element]), 1)
    return None
