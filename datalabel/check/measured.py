"""A property that is kept once it was computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class measured(Generic[T]):  # noqa: N801 - it stands where `cached_property` would
    """A property that is kept once it was computed. Two threads that ask at the same time may both compute it: there
    is no lock, as `functools.cached_property` of Python 3.11 has one, by which batches would wait for each other."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        value = self._compute(instance)
        instance.__dict__[self._name] = value
        return value
