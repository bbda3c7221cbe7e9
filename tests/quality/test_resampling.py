"""Intervals: a resample is nothing but weights, and they do not depend on how it is computed."""

from __future__ import annotations

import numpy as np
import pytest
from agreement_world import agreement, box, random_rows
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from datalabel.quality import resampling
from datalabel.quality.coefficients import spearman
from datalabel.quality.resampling import Alpha, Counts, Kappa, Ratio, Tally, estimates


def tallied(seed: int, items: int, groups: int, categories: int = 1) -> Tally:
    random = np.random.default_rng(seed)
    tally = Tally()
    rows = 4 * items
    tally.add(
        random.integers(0, items, rows),
        random.integers(0, groups, rows),
        random.integers(0, categories, rows),
        random.integers(1, 5, rows).astype(np.float64),
    )
    return tally


def repeated(counts: Counts, weights: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Counts:
    """The sums of a world in which items occur so often."""
    columns = np.repeat(np.arange(len(weights)), weights)
    return Counts(counts.matrix[:, columns], counts.group, counts.category)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_weights_are_repeated_items(seed: int) -> None:
    items, groups = 7, np.arange(3)
    counts = [tallied(seed + step, items, 3, 4).counts(items) for step in range(3)]
    weights = np.random.default_rng(seed).integers(0, 3, items)
    for kind in (Ratio, Alpha):
        weighted = kind(groups, counts[0], counts[1]).of(weights[:, None].astype(np.float64))
        plain = kind(groups, *(repeated(one, weights) for one in counts[:2]))
        np.testing.assert_allclose(weighted, plain.of(np.ones((int(weights.sum()), 1))))
    kappa = Kappa(groups, *counts).of(weights[:, None].astype(np.float64))
    again = Kappa(groups, *(repeated(one, weights) for one in counts))
    np.testing.assert_allclose(kappa, again.of(np.ones((int(weights.sum()), 1))))


def test_intervals_are_those_of_a_plain_bootstrap() -> None:
    values = np.random.default_rng(3).normal(5, 1, 60)
    part, whole = Tally(), Tally()
    part.add(np.arange(60), 0, value=values)
    whole.add(np.arange(60), 0)
    measure = Ratio(np.zeros(1, np.int64), part.counts(60), whole.counts(60))
    found = estimates([measure], 60, resamples=1000, seed=0)[0][0]
    chosen = np.random.default_rng(0).integers(0, 60, size=(1000, 60))
    low, high = np.percentile(values[chosen].mean(axis=1), [2.5, 97.5])
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)


def test_memory_does_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, seen = random_rows(11)
    before = agreement(rows, seen, resamples=40)
    monkeypatch.setattr(resampling, "CELLS", 20)
    assert agreement(rows, seen, resamples=40) == before


def test_more_items_make_surer() -> None:
    def width(items: int) -> float:
        rows = [
            box(f"{item:03}", who, at=40.0 * (item % 3 and who == "b"))
            for item in range(items)
            for who in "ab"
        ]
        recall = agreement(rows, resamples=200).pairs[0].recall
        assert recall.low is not None
        assert recall.high is not None
        return recall.high - recall.low

    assert width(200) < width(20) / 2


def test_no_interval_where_most_resamples_are_undefined() -> None:
    part, whole = Tally(), Tally()
    part.add(np.zeros(1, np.int64), 0)
    whole.add(np.zeros(1, np.int64), 0)
    measure = Ratio(np.arange(2), part.counts(2), whole.counts(2))
    sure, undefined = estimates([measure], 2, resamples=100)[0]
    assert (sure.value, sure.low, sure.high) == (1.0, 1.0, 1.0)
    assert (undefined.value, undefined.low, undefined.high) == (None, None, None)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12))
def test_spearman_with_ties(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array([pair[side] for pair in pairs], np.float64) for side in (0, 1))
    found = spearman(first, second)
    if len(set(first)) < 2 or len(set(second)) < 2:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(stats.spearmanr(first, second).statistic)


def test_spearman_of_too_few() -> None:
    assert np.isnan(spearman(np.array([1.0, 2.0]), np.array([1.0, 2.0])))
