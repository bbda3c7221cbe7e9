"""Which segments are to become one, and which of two lists are not common to both."""

from __future__ import annotations

from collections.abc import Sequence

from datalabel.store.segments import SEGMENT_ROWS, SegmentRef

FAN = 16
"""So many runs of one size class become one."""

Run = tuple[int, int, int]
"""Where it starts and ends in the list, and its rows."""


def _runs(segments: Sequence[SegmentRef]) -> list[Run]:
    """What was written at once: segments of which each was cut where it was full, and the next goes on."""
    runs: list[Run] = []
    for index, ref in enumerate(segments):
        before = segments[index - 1]
        if runs and before.rows >= SEGMENT_ROWS // 2 and before.last < ref.first:
            start, _, rows = runs.pop()
            runs.append((start, index + 1, rows + ref.rows))
        else:
            runs.append((index, index + 1, ref.rows))
    return runs


def _tier(rows: int) -> int:
    """The size class: runs of one class are within a factor of `FAN` of each other."""
    tier = 0
    while rows >= FAN:
        rows //= FAN
        tier += 1
    return tier


def run_to_fold(segments: Sequence[SegmentRef]) -> tuple[int, int] | None:
    """The first stretch in which `FAN` runs of one size class lie with nothing larger between them."""
    runs = [(start, end, _tier(rows)) for start, end, rows in _runs(segments)]
    for tier in sorted({size for _, _, size in runs}):
        first, count = 0, 0
        for start, end, size in runs:
            if size > tier:
                count = 0
            elif size == tier:
                first = start if count == 0 else first
                count += 1
                if count == FAN:
                    return first, end
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
