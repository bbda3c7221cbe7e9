"""The coefficients of agreement, as functions of sums; NaN where a coefficient is not defined.

All of them take arrays of any shape and work element by element, so that one formula serves the value and
a thousand resamples of it.
"""

from __future__ import annotations

import numpy as np

from datalabel.quality.batch import Floats


def ratio(part: Floats, whole: Floats) -> Floats:
    """A share or a mean; NaN where there is nothing to share."""
    nothing: Floats = np.full(np.shape(part), np.nan)
    return np.divide(part, whole, out=nothing, where=np.asarray(whole) > 0)


def krippendorff_alpha(disagreement: Floats, values: Floats, squares: Floats) -> Floats:
    """Krippendorff's alpha for nominal data: 1 − (n − 1) Σ_u D_u / (n² − Σ_c n_c²).

    `disagreement` is the sum over units of D_u = Σ_{c≠k} n_uc n_uk / (m_u − 1), where n_uc of the m_u ≥ 2
    observers of unit u gave it the value c; `values` is n, the number of values in those units; `squares` is
    Σ_c n_c². Not defined where all values are one. Source: K. Krippendorff, "Computing Krippendorff's
    Alpha-Reliability", 2011, section D, with the coincidences written out.
    """
    expected = values * values - squares
    return 1 - ratio((values - 1) * disagreement, expected)


def cohen_kappa(agreeing: Floats, pairs: Floats, products: Floats) -> Floats:
    """Cohen's kappa: (p_o − p_e) / (1 − p_e), with p_o = `agreeing` / `pairs`.

    `products` is Σ_c a_c b_c over the categories: how often each of the two gave it, so p_e = `products` /
    `pairs`². Not defined where both gave one and the same category only. Source: J. Cohen, "A coefficient of
    agreement for nominal scales", Educational and Psychological Measurement 20, 1960.
    """
    chance = ratio(products, pairs * pairs)
    return ratio(ratio(agreeing, pairs) - chance, 1 - chance)


def spearman(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation of two columns, shape (n,): Pearson's of the ranks, ties by mean rank.

    NaN for fewer than three values, or where a column is constant.
    """
    if len(first) < 3:
        return float("nan")
    one, other = (_ranks(column) - (len(first) + 1) / 2 for column in (first, second))
    spread = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / spread if spread else float("nan")


def _ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray(((last - counts + 1 + last) / 2)[where], np.float64)
