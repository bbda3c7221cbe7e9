"""Work in pieces on two threads: in order, bounded, and failures in their turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datalabel.threads import in_order


def test_results_come_in_order_and_inputs_are_drawn_as_they_are_needed() -> None:
    drawn = 0

    def inputs() -> Iterator[int]:
        nonlocal drawn
        while drawn < 100:
            drawn += 1
            yield drawn

    found = in_order(lambda number: number * number, inputs(), waiting=5)
    assert next(found) == 1
    assert drawn == 6
    assert list(found) == [number * number for number in range(2, 101)]


def test_what_a_call_raises_is_raised_in_its_turn() -> None:
    found = in_order(lambda number: 6 // number, [3, 2, 0, 1])
    assert [next(found), next(found)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(found)
