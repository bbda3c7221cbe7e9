"""A property that is computed once, also where several threads ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class measured(Generic[T]):  # noqa: N801 - it stands where `cached_property` would
    """A property that is computed once. `functools.cached_property` of Python 3.11 lets no two batches compute
    the same property at the same time."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        value = self._compute(instance)
        instance.__dict__[self._name] = value
        return value
