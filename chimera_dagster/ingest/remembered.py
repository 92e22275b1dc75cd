"""Caches of what follows from the vocabulary: all are emptied when its names change."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

_Result = TypeVar("_Result")
_caches: list[Any] = []


def remembered(maxsize: int | None = None) -> Callable[[Callable[..., _Result]], Callable[..., _Result]]:
    """`functools.lru_cache` for a function whose result depends on the vocabulary."""

    def cached(function: Callable[..., _Result]) -> Callable[..., _Result]:
        found = lru_cache(maxsize=maxsize)(function)
        _caches.append(found)
        return found

    return cached


def forget() -> None:
    """Empty all these caches of this process."""
    for cache in _caches:
        cache.cache_clear()
