"""Headers of GGUF files: whole, of every value type, and damaged."""

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from chimera_dagster.engines.gguf import model_info, read_header
from chimera_dagster.errors import ModelFileError


def string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def pair(key: str, kind: int, value: bytes) -> bytes:
    return string(key) + struct.pack("<I", kind) + value


def array(element: int, items: Sequence[bytes]) -> bytes:
    return struct.pack("<IQ", element, len(items)) + b"".join(items)


def header(*pairs: bytes) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs)


WHOLE = header(
    pair("general.architecture", 8, string("llama")),
    pair("general.size_label", 8, string("135M")),
    pair("general.file_type", 4, struct.pack("<I", 15)),
    pair("tokenizer.ggml.tokens", 9, array(8, [string("a"), string("日本"), string("")])),
    pair("tokenizer.ggml.scores", 9, array(6, [struct.pack("<f", 0.5)] * 3)),
    pair("nested", 9, array(9, [array(4, [b"\1\0\0\0"]), array(8, [string("x")])])),
    pair("flag", 7, b"\1"),
    pair("small", 1, b"\xff"),
    pair("large", 10, struct.pack("<Q", 2**63)),
    pair("real", 12, struct.pack("<d", 1e-5)),
    pair("llama.context_length", 4, struct.pack("<I", 8192)),
    pair("llama.block_count", 4, struct.pack("<I", 30)),
    pair("tokenizer.chat_template", 8, string("{{ messages }}")),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.gguf"


def test_scalars_are_read_and_arrays_skipped(file: Path) -> None:
    file.write_bytes(WHOLE)
    assert read_header(file) == {
        "general.architecture": "llama",
        "general.size_label": "135M",
        "general.file_type": 15,
        "flag": True,
        "small": -1,
        "large": 2**63,
        "real": 1e-5,
        "llama.context_length": 8192,
        "llama.block_count": 30,
        "tokenizer.chat_template": "{{ messages }}",
    }


def test_model_info(file: Path) -> None:
    file.write_bytes(WHOLE)
    info = model_info("file:model.gguf", file, "d1")
    assert (info.tag, info.digest, info.family, info.parameter_size, info.quantization) == (
        "file:model.gguf",
        "d1",
        "llama",
        "135M",
        "Q4_K_M",
    )
    assert (info.trained_context, info.layers, info.chat) == (8192, 30, True)


def test_what_the_header_lacks_is_none(file: Path) -> None:
    file.write_bytes(header(pair("general.file_type", 4, struct.pack("<I", 999))))
    info = model_info("file:model.gguf", file, "d2")
    assert (info.family, info.parameter_size, info.quantization, info.trained_context, info.layers) == (None,) * 5
    assert not info.chat  # nothing tells how a conversation is written


@pytest.mark.parametrize("length", range(0, len(WHOLE), 3))
def test_cut_file_is_refused(file: Path, length: int) -> None:
    file.write_bytes(WHOLE[:length])
    with pytest.raises(ModelFileError, match=r"model\.gguf"):
        read_header(file)


def test_flipped_bytes_never_end_in_another_error(file: Path) -> None:
    refused = 0
    for index in range(4, len(WHOLE)):
        file.write_bytes(WHOLE[:index] + bytes([WHOLE[index] ^ 0xFF]) + WHOLE[index + 1 :])
        try:
            read_header(file)
        except ModelFileError:
            refused += 1
    assert refused > len(WHOLE) / 4


@pytest.mark.parametrize(
    "damage",
    [
        header(struct.pack("<Q", 2**62)),
        header(pair("x", 99, b"")),
        header(pair("x", 9, struct.pack("<IQ", 99, 1))),
        header(pair("x", 9, struct.pack("<IQ", 6, 2**63)), pair("y", 7, b"\1")),
        header(string("x")[:8] + b"\xff"),
    ],
    ids=["endless key", "unknown type", "array of an unknown type", "endless array", "no UTF-8"],
)
def test_damaged_file_is_refused(file: Path, damage: bytes) -> None:
    file.write_bytes(damage)
    with pytest.raises(ModelFileError, match="damaged"):
        read_header(file)


def tensor(name: str, lengths: Sequence[int], kind: int, offset: int) -> bytes:
    numbers = struct.pack(f"<I{len(lengths)}QIQ", len(lengths), *lengths, kind, offset)
    return string(name) + numbers


def test_a_file_that_ends_within_the_data_of_a_tensor_is_refused(file: Path) -> None:
    tensors = tensor("a", [64, 2], 8, 0) + tensor("b", [3], 0, 160)  # 4 blocks of 34 bytes, and 3 of 4 bytes
    head = b"GGUF" + struct.pack("<IQQ", 3, 2, 1) + pair("general.alignment", 4, struct.pack("<I", 64)) + tensors
    whole = head + bytes(-len(head) % 64) + bytes(160 + 12)
    file.write_bytes(whole)
    assert read_header(file) == {"general.alignment": 64}
    for missing in (1, 12, 100):
        file.write_bytes(whole[:-missing])
        with pytest.raises(ModelFileError, match=f"damaged \\({missing} bytes are missing at its end"):
            read_header(file)


def test_other_files_are_refused(file: Path) -> None:
    file.write_bytes(b"PK\3\4 a zip file")
    with pytest.raises(ModelFileError, match="is not a GGUF file"):
        read_header(file)
    with pytest.raises(ModelFileError, match=r"absent\.gguf can't be read: No such file"):
        read_header(file.with_name("absent.gguf"))
    with pytest.raises(ModelFileError, match="can't be read: it is a folder, not a file"):
        read_header(file.parent)


def nested(levels: int) -> bytes:
    """An array of one array of one array ..."""
    return struct.pack("<IQ", 9, 1) * (levels - 1) + array(4, [])


HOSTILE = {
    "deep arrays": (header(pair("deep", 9, nested(100_000))), "deep: arrays in arrays, 8 deep"),
    "wide arrays": (
        header(pair("wide", 9, struct.pack("<IQ", 9, 2**62) + array(4, []))),
        "wide: an array of 4611686018427387904 values",
    ),
    "endless texts": (
        header(pair("texts", 9, struct.pack("<IQ", 8, 2**63) + bytes(80))),
        "texts: an array of 9223372036854775808 values",
    ),
    "text beyond the end": (
        header(pair("texts", 9, struct.pack("<IQQ", 8, 2, 2**63)), pair("y", 7, b"\1")),
        "texts: a value of 9223372036854775808 bytes in a file of ",
    ),
    "endless keys": (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**63) + bytes(1_000), "it states 9223372036854775808 keys"),
    "endless text": (header(pair("name", 8, struct.pack("<Q", 2**63))), "name: a text of 9223372036854775808 bytes"),
    "unknown type": (header(pair("what", 77, b"")), "what: there is no type 77"),
    "no UTF-8": (header(pair("name", 8, struct.pack("<Q", 1) + b"\xff")), "name: 'utf-8' codec"),
    "cut value": (header(pair("size", 4, b"\1")), "size: unpack requires"),
}


@pytest.mark.parametrize(("content", "said"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_wrong_is_said_of_its_key(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ModelFileError) as error:
        read_header(file)
    assert str(file) in error.value.message
    assert said in error.value.message


def test_a_file_of_zeros_costs_as_much_as_a_header_may(file: Path) -> None:
    """13 zero bytes are a key without a name and a number, so a long file could be any number of them."""
    with file.open("wb") as out:
        out.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 2**40))
        out.truncate(1 << 34)  # takes no space
    with pytest.raises(ModelFileError, match=r"it states 1099511627776 keys"):
        read_header(file)


def test_texts_of_a_header_do_not_fill_the_memory(file: Path) -> None:
    texts = [pair(f"text {number}", 8, string("x" * (1 << 22))) for number in range(5)]
    file.write_bytes(header(*texts))
    with pytest.raises(ModelFileError, match="text 3: a text of 4194304 bytes"):
        read_header(file)


ABSURD = {
    "context": (
        pair("llama.context_length", 10, struct.pack("<Q", 2**63)),
        "llama.context_length is 9223372036854775808",
    ),
    "layers": (pair("llama.block_count", 5, struct.pack("<i", -1)), "llama.block_count is -1"),
    "size": (pair("general.size_label", 8, string("9" * 1_000)), "general.size_label has 1000 characters"),
}


@pytest.mark.parametrize(("absurd", "said"), ABSURD.values(), ids=ABSURD)
def test_an_absurd_size_is_named(file: Path, absurd: bytes, said: str) -> None:
    file.write_bytes(header(pair("general.architecture", 8, string("llama")), absurd))
    with pytest.raises(ModelFileError) as error:
        model_info("file:model.gguf", file, said)
    assert said in error.value.message
