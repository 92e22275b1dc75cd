"""YAML as the people who write it mean it, and bounded, whoever wrote it.

PyYAML reads YAML 1.1, in which 1:30 is the integer 90, 010 is 8, `no` is false, 1e3 is a text and a date is not one.
Here, as in YAML 1.2, a number is decimal, `0x...` or has an exponent. All else is text, and the field that it is for
makes something of it: a switch takes `yes` and `off`, and a number refuses them.
"""

import re
from typing import Any

import yaml

MOST_BYTES = 1 << 20  # of a file
_MOST_VALUES = 100_000  # of a file once each anchor stands wherever it is named


class _Loader(yaml.SafeLoader):
    """Raises only yaml.YAMLError and RecursionError, with a line wherever there is one."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as PyYAML has it

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:  # such as `!!int ''`
            problem = f"it is not a value of the type {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error


def _means(kind: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(rf"(?:{pattern})\Z", re.ASCII), [*first, ""])


_means("null", "~|null|Null|NULL|", "~nN")
_means("int", "[-+]?(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F]+", "-+0123456789")
_means("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9_]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789")
_means("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+.")
_means("merge", "<<", "<")


def load(text: str | bytes) -> tuple[yaml.Node | None, Any]:
    """The nodes of a text, which have the lines, and its content; None and None if it is empty.

    Raises yaml.YAMLError: for a mapping with a key twice, of which PyYAML would keep the last and a reader may believe
    the first, for anchors that stand for too much, and for what is nested too deeply, too.
    """
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, None
        _count_values(root, {})
        return root, loader.construct_document(root)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error
    finally:
        loader.dispose()


def _count_values(node: yaml.Node, counts: dict[int, int]) -> int:
    """How many values a node stands for with all that its aliases repeat, which may be far more than the file has."""
    if (known := counts.get(id(node))) is not None:
        if known == 0:
            raise _refused(node, "an anchor stands for something that it is in itself")
        return known
    counts[id(node)] = 0
    total = 1
    if isinstance(node, yaml.MappingNode):
        _refuse_duplicates(node)
        total += sum(_count_values(part, counts) for pair in node.value for part in pair)
    elif isinstance(node, yaml.SequenceNode):
        total += sum(_count_values(part, counts) for part in node.value)
    if total > _MOST_VALUES:
        raise _refused(node, f"with its anchors it stands for more than {_MOST_VALUES:,} values")
    counts[id(node)] = total
    return total


def _refuse_duplicates(node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _refused(key, "a key must be a text")
        if key.value in seen:
            raise _refused(key, f"the key {key.value} appears twice")
        seen.add(key.value)


def _refused(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
