"""Which program is behind OpenAI's API, what it reports about its models, and which parameters it accepts.

llama.cpp, vLLM and SGLang name themselves as the owner of each model in /v1/models; LM Studio has a list of its own. A
field that the server does not have is None.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from chimera_dagster.engines.base import ModelInfo, Request
from chimera_dagster.engines.llama_grammar import constrained
from chimera_dagster.errors import RequestRefusedError, StreamBrokenError

if TYPE_CHECKING:
    import httpx

Json = dict[str, Any]

_LARGEST = 1 << 53  # up to here, a float has every whole number
_SHOWN = 40  # characters of a number

# Fixed when the server starts. EngineStats shows if num_ctx is not the requested one.
_FIXED = frozenset({"num_ctx", "num_gpu"})
_STANDARD = {"temperature": "temperature", "top_p": "top_p"}
_LLAMA = {**_STANDARD, "top_k": "top_k", "repeat_penalty": "repeat_penalty"}
_VLLM = {**_STANDARD, "top_k": "top_k", "repeat_penalty": "repetition_penalty"}


class Kind(NamedTuple):
    """A program that serves models."""

    name: str
    sampling: Mapping[str, str]  # the request's name of each of our parameters; others can't be sent
    any_top_k: int = 0  # the value of top_k that excludes no token
    constrain: Callable[[Sequence[str]], Mapping[str, Any]] = lambda choices: {}  # fields that limit an answer to these
    versions: tuple[str, ...] = ()  # paths that may return the version


def _by_schema(choices: Sequence[str]) -> Json:
    """OpenAI's structured output; only servers that accept a text at the root of a schema are sent it."""
    schema = {"name": "choice", "strict": True, "schema": {"type": "string", "enum": list(choices)}}
    return {"response_format": {"type": "json_schema", "json_schema": schema}} if choices else {}


_LLAMA_CPP = Kind("llama.cpp", _LLAMA, constrain=constrained)
_LM_STUDIO = Kind("lmstudio", _LLAMA)
_UNKNOWN = Kind("openai-compatible", _STANDARD)
_OWNERS = {
    "llamacpp": _LLAMA_CPP,
    "vllm": Kind("vllm", _VLLM, any_top_k=-1, versions=("/version",), constrain=_by_schema),
    "sglang": Kind("sglang", _VLLM, any_top_k=-1, versions=("/server_info", "/get_server_info"), constrain=_by_schema),
}


class Served(NamedTuple):
    """A model of a server, and the context window of each call there, in tokens."""

    info: ModelInfo
    num_ctx: int | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Server:
    kind: Kind
    models: list[Served]
    build: str | None = None

    def find(self, model: str) -> Served | None:
        return next((served for served in self.models if model == served.info.tag or model in served.aliases), None)


def ask(http: "httpx.Client", root: str) -> Server:
    """What answers now. Raises httpx's errors, and ValueError, LookupError or TypeError for an unexpected answer.

    `http` has the API's URL as its base; `root` is the URL of what the server offers besides the API.
    """
    listed: list[Json] = [dict(entry) for entry in http.get("models").raise_for_status().json()["data"]]
    kind = _OWNERS.get(listed[0].get("owned_by", "")) if listed else None
    if kind is None:
        own = {entry["id"]: entry for entry in _lm_studio_list(_get(http, f"{root}/api/v0/models"))}
        models = [_lm_studio_model(own.get(entry["id"], {}), entry["id"]) for entry in listed]
        return Server(_LM_STUDIO if own else _UNKNOWN, models)
    if kind != _LLAMA_CPP:
        return Server(kind, [Served(ModelInfo(entry["id"]), count(entry, "max_model_len")) for entry in listed])
    props = _get(http, f"{root}/props")
    # a router that serves several models reports no properties for any of them
    only = props if len(listed) == 1 else {}
    return Server(kind, [_llama_model(entry, only) for entry in listed], text(props, "build_info"))


def version(http: "httpx.Client", root: str, server: Server) -> str:
    """`name number`; the number is `unknown` if the server does not report it."""
    numbers = (text(_get(http, root + path), "version") for path in server.kind.versions)
    return f"{server.kind.name} {server.build or next(filter(None, numbers), 'unknown')}"


def payload(request: Request, kind: Kind) -> Json:
    """The body of a call. Raises RequestRefusedError for a parameter that can't be set per call there."""
    sampling: Json = {}
    for name, value in request.params.options().items():
        if name in _FIXED:
            continue
        if name not in kind.sampling:
            raise RequestRefusedError(
                f"This server ({kind.name}) is not known to accept {name} in a request.",
                hint=f"Remove {name} from sweep.yaml, and set it when the server starts.",
            )
        sampling[kind.sampling[name]] = kind.any_top_k if (name, value) == ("top_k", 0) else value
    system = [{"role": "system", "content": request.system}] if request.system else []
    if kind == _LLAMA_CPP:  # a cached prompt would be measured as a fast prefill
        sampling["cache_prompt"] = request.may_be_cached
    return {
        "model": request.model,
        "messages": [*system, {"role": "user", "content": request.prompt}],
        "max_tokens": request.max_tokens,
        "seed": request.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        **sampling,
        **kind.constrain(request.choices),
    }


def section(value: Json, name: str) -> Json:
    """The mapping at `name`; empty if there is none."""
    found = value.get(name)
    return cast(Json, found) if isinstance(found, dict) else {}


def count(value: Json, name: str) -> int | None:
    """A count that describes a model; None also for one that can't be true."""
    found = value.get(name)
    return found if isinstance(found, int) and 0 <= found < _LARGEST else None


def measured(value: Json, name: str) -> float | None:
    """A number of a call. Raises StreamBrokenError for one that can't be true."""
    found = value.get(name)
    if not isinstance(found, int | float) or isinstance(found, bool):
        return None
    if not 0 <= found < _LARGEST:  # false for NaN, too
        raise StreamBrokenError(f"The server's final message is invalid: its {name} is {str(found)[:_SHOWN]}.")
    return found


def tokens(value: Json, name: str) -> int | None:
    """As `measured`, of tokens."""
    found = measured(value, name)
    return found if isinstance(found, int) else None


def text(value: Json, name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) and found else None


def _get(http: "httpx.Client", url: str) -> Json:
    """The answer to a request that not every server knows; empty if it does not."""
    answer = http.get(url)
    try:
        found = answer.json() if answer.is_success else None
    except ValueError:
        found = None
    return cast(Json, found) if isinstance(found, dict) else {}


def _lm_studio_list(answer: Json) -> list[Json]:
    found = answer.get("data")
    listed = [cast(Json, entry) for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    return [entry for entry in listed if "id" in entry and "max_context_length" in entry]


def _llama_model(entry: Json, props: Json) -> Served:
    meta = section(entry, "meta")
    defaults = section(props, "default_generation_settings")
    parameters, window = count(meta, "n_params"), count(defaults, "n_ctx")
    options = [f"{name} {value:g}" for name, value in section(defaults, "params").items() if name in _LLAMA]
    info = ModelInfo(
        entry["id"],
        parameter_size=None if parameters is None else _short(parameters),
        quantization=text(meta, "ftype") or text(props, "model_ftype"),
        trained_context=count(meta, "n_ctx_train"),
        chat=props.get("chat_template") != "",
        default_options=", ".join(sorted(options)) or None,
    )
    return Served(info, count(meta, "n_ctx") if window is None else window, tuple(entry.get("aliases") or ()))


def _lm_studio_model(own: Json, tag: str) -> Served:
    info = ModelInfo(
        tag,
        family=text(own, "arch"),
        quantization=text(own, "quantization"),
        trained_context=count(own, "max_context_length"),
    )
    return Served(info, count(own, "loaded_context_length"))


def _short(parameters: int) -> str:
    """`134.52M` or `7.2B`, as Ollama writes it."""
    return f"{parameters / 1e9:.1f}B" if parameters >= 1e9 else f"{parameters / 1e6:.2f}M"
