"""What a trial is: one model and one parameter set, and the keys under which Dagster and the disk know it."""

import hashlib
import json
import re
from typing import Annotated, ClassVar, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

# Ollama's own grammar for names: [host[:port]/][namespace/]model[:tag]; it has none of the characters that break
# Dagster's partition keys ('|', ',', '[', ']', '...').
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_TAG = re.compile(rf"(?:{_PART}(?::\d+)?/)?(?:{_PART}/)*{_PART}(?::{_PART})?")
_FILE_PREFIX = "file:"
_LONGEST_TAG = 200  # characters; it becomes the name of a folder
_KEY_LENGTH = 20  # longer partition keys overlap in the plots of the Dagster UI


def check_model_tag(tag: str) -> str:
    """Return `tag`. Raises ValueError if it is not a model name that files, partition keys and engines can carry."""
    if tag.startswith(_FILE_PREFIX):
        path = tag.removeprefix(_FILE_PREFIX)
        if not path.endswith(".gguf") or "..." in path or re.search(r"[|,\[\]]", path) or not path.isprintable():
            raise ValueError(
                f"{tag!r} must be file:/path/to/model.gguf, without any of | , [ ] or '...' and control characters"
            )
        return tag
    if not _TAG.fullmatch(tag) or "..." in tag or len(tag) > _LONGEST_TAG:
        raise ValueError(f"{tag!r} is not a model tag; write it as Ollama does, for example gemma3:270m")
    return tag


ModelTag = Annotated[str, AfterValidator(check_model_tag)]


NumGpu = Annotated[int, Field(ge=-1, le=999)]
NumCtx = Annotated[int, Field(ge=256, le=1_048_576)]
Temperature = Annotated[float, Field(ge=0, le=5)]
TopP = Annotated[float, Field(gt=0, le=1)]
TopK = Annotated[int, Field(ge=0, le=100_000)]
RepeatPenalty = Annotated[float, Field(gt=0, le=10)]


class ParamSet(BaseModel):
    """Load and sampling parameters of one trial; None means the engine's own default.

    num_gpu is the number of layers on the GPU (-1: the engine decides), num_ctx a number of tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    num_gpu: NumGpu | None = None
    num_ctx: NumCtx | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    top_k: TopK | None = None
    repeat_penalty: RepeatPenalty | None = None

    _LETTERS: ClassVar = {
        "num_gpu": "g",
        "num_ctx": "c",
        "temperature": "t",
        "top_p": "p",
        "top_k": "k",
        "repeat_penalty": "r",
    }

    def options(self) -> dict[str, int | float]:
        """The parameters that were set, by name."""
        return self.model_dump(exclude_none=True)

    def canonical(self) -> str:
        """JSON that is equal if and only if two parameter sets are equal."""
        return json.dumps(self.options(), sort_keys=True, separators=(",", ":"))

    @property
    def key(self) -> str:
        """Partition key of at most 20 characters: readable parts, then a digest of the whole set (`c4k-t0.2-91d1`)."""
        parts = [f"{self._LETTERS[name]}{_short(name, value)}" for name, value in self.options().items()]
        digest = hashlib.sha256(self.canonical().encode()).hexdigest()
        whole = "-".join([*parts, digest[:4]]) if parts else f"default-{digest[:4]}"
        if len(whole) <= _KEY_LENGTH:
            return whole
        while len("-".join(parts)) > _KEY_LENGTH - 7:
            parts.pop()
        return "-".join([*parts, digest[:6]])

    def __str__(self) -> str:
        """`num_gpu=80, num_ctx=2048, temp=1, top_p=default, ...`: the Configuration line of a report."""
        values = {("temp" if name == "temperature" else name): value for name, value in self}
        shown = {name: f"{value:g}" if isinstance(value, float) else value for name, value in values.items()}
        return ", ".join(f"{name}={'default' if value is None else value}" for name, value in shown.items())


_LOAD_PARTS = re.compile(r"(?:g(-?\d+)-)?(?:c(\d+)(k)?-)?")


def load_order(params_key: str) -> tuple[int, int]:
    """num_gpu and num_ctx from the key of a parameter set, which always has them; -2 and 0 if they are not set.

    Trials of one model with the same result share one loaded model, so a sorted sweep loads each model least often.
    """
    found = _LOAD_PARTS.match(params_key)
    assert found is not None
    gpu, ctx, kilo = found.groups()
    return (-2 if gpu is None else int(gpu), int(ctx or 0) * (1024 if kilo else 1))


def _short(name: str, value: float) -> str:
    if name == "num_ctx" and value % 1024 == 0:
        return f"{int(value) // 1024}k"
    return str(value) if isinstance(value, int) else f"{value:g}"


class Trial(NamedTuple):
    """One cell of a sweep; the unit of measurement, of a report and of a Dagster partition."""

    model: str
    params: ParamSet

    @property
    def key(self) -> str:
        """Dagster's key of this partition: `model|params`."""
        return f"{self.model}|{self.params.key}"


def model_slug(tag: str) -> str:
    """File-system name of a model tag; a one-to-one mapping, as neither '@' nor '+' occurs in Ollama's names."""
    if tag.startswith(_FILE_PREFIX):
        stem = tag.rsplit("/", 1)[-1].removeprefix(_FILE_PREFIX).removesuffix(".gguf")[:_LONGEST_TAG]
        return f"file@{re.sub(r'[^A-Za-z0-9._-]', '_', stem)}-{hashlib.sha256(tag.encode()).hexdigest()[:8]}"
    return tag.replace(":", "@").replace("/", "+")
