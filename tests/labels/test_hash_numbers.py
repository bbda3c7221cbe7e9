"""Numbers in sources: the same text has the same fingerprint in whatever company, others have others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.labels.hashing import hash_numbers

TEXT = st.one_of(
    st.sampled_from(["0", "00", "07", "7", "-7", "7.0", "7e0", "+7", '"7"', "", " 7", "٧", "null"]),
    st.integers(-(10**3), 10**20).map(str),
)


@settings(max_examples=200)
@given(st.lists(TEXT, max_size=30))
def test_fingerprints_are_equal_where_texts_are(texts: list[str]) -> None:
    together = hash_numbers(pa.chunked_array([pa.array(texts, pa.string())]))
    alone = [int(hash_numbers(pa.chunked_array([pa.array([text])]))[0]) for text in texts]
    assert together.tolist() == alone
    assert len(set(alone)) == len(set(texts))


def test_nulls_do_not_disturb_the_others() -> None:
    found = hash_numbers(pa.chunked_array([pa.array(["12", None, "x"], pa.string())]))
    assert found[0] == hash_numbers(pa.chunked_array([pa.array(["12"])]))[0]
    assert len(np.unique(found)) == 3
