"""Which segments are to become one, and which of two lists are not common to both."""

from __future__ import annotations

from collections.abc import Sequence

from datalabel.store.segments import SegmentRef

FAN = 16
"""So many segments of one size class become one."""


def _tier(ref: SegmentRef) -> int:
    """The size class: segments of one class are within a factor of `FAN` of each other."""
    tier, rows = 0, ref.rows
    while rows >= FAN:
        rows //= FAN
        tier += 1
    return tier


def run_to_fold(segments: tuple[SegmentRef, ...]) -> tuple[int, int] | None:
    """The first run in which `FAN` segments of one size class lie with nothing larger between them."""
    for tier in sorted({_tier(ref) for ref in segments}):
        start, count = 0, 0
        for index, ref in enumerate(segments):
            if _tier(ref) > tier:
                count = 0
            elif _tier(ref) == tier:
                start = index if count == 0 else start
                count += 1
                if count == FAN:
                    return start, index + 1
    return None


def outside_common(before: Sequence[SegmentRef], after: Sequence[SegmentRef]) -> list[SegmentRef]:
    """Every occurrence on either side that is not part of one common subsequence."""
    low = 0
    while low < min(len(before), len(after)) and before[low] == after[low]:
        low += 1
    high = 0
    while high < min(len(before), len(after)) - low and before[-1 - high] == after[-1 - high]:
        high += 1
    old, new = before[low : len(before) - high], after[low : len(after) - high]
    if not old or not new:
        return [*old, *new]
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, [ref.id for ref in old], [ref.id for ref in new], autojunk=False)
    changed: list[SegmentRef] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            changed += [*old[a:b], *new[c:d]]
    return changed
