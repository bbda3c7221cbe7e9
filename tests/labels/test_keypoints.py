"""Object keypoint similarity, against the reference."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from datalabel.labels.geometry import bounds
from datalabel.labels.keypoints import FILLED, oks, reach
from datalabel.labels.tables import LABELS, table_of

SIZE = 100.0


def similarity(*pairs: tuple[list[float], list[float]]) -> list[float]:
    sides = [
        table_of({"kind": ["keypoints"] * len(pairs), "coords": [pair[side] for pair in pairs],
                  "w": [SIZE] * len(pairs), "h": [SIZE] * len(pairs),
                  "item": [""] * len(pairs), "id": [1] * len(pairs), "class": ["p"] * len(pairs)}, LABELS)
        for side in (0, 1)
    ]  # fmt: skip
    rows = np.arange(len(pairs))
    found: list[float] = oks(sides[0], rows, sides[1], rows).tolist()
    return found


def reference(truth: list[float], other: list[float]) -> float:
    """What pycocotools says, when all points of the truth are labelled."""
    image = {"images": [{"id": 1}], "categories": [{"id": 1, "name": "p"}]}
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, SIZE, SIZE], "iscrowd": 0,
                  "area": FILLED * SIZE * SIZE, "keypoints": truth, "num_keypoints": 17}  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {**image, "annotations": [annotation]}
        coco.createIndex()
        found = coco.loadRes([{"image_id": 1, "category_id": 1, "keypoints": other, "score": 1.0}])
        run = COCOeval(coco, found, "keypoints")
        run._prepare()
    return float(run.computeOks(1, 1)[0, 0])


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_as_coco_computes_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = np.column_stack([random.uniform(0, SIZE, (17, 2)), np.full(17, 2)])
    moved = points + np.column_stack([random.normal(0, 6, (17, 2)), np.zeros(17)])
    one, other = points.ravel().tolist(), moved.ravel().tolist()
    assert similarity((one, other)) == [pytest.approx(reference(one, other))]


def test_the_same_points_and_others() -> None:
    points = [1.0, 1, 2, 50, 50, 1, 0, 0, 0]
    far = [90.0, 90, 2, 0, 90, 1, 0, 0, 0]
    half = [1.0, 1, 2, 0, 0, 0, 0, 0, 0]
    shorter = [1.0, 1, 2, 50, 50, 1]
    found = similarity(
        (points, points), (points, far), (points, half), (points, shorter), (shorter, [1.0, 2])
    )
    assert found[0] == 1.0
    assert found[1] < 0.01
    assert found[2:] == [0.5, 0.0, 0.0]


def test_absurd_points_are_like_nothing() -> None:
    absurd = [float("nan"), 1, 2, float("inf"), 1, 2]
    assert similarity((absurd, [1.0, 1, 2, 5, 1, 2]), ([], [])) == [0.0, 0.0]


SEEN = st.sampled_from([2, 2, 2, 0])
POINT = st.tuples(st.floats(0, 60), st.floats(0, 60), SEEN)
NEAR = st.tuples(st.floats(-0.15, 0.15), st.floats(-0.15, 0.15), SEEN)
"""How far off the other label has a point, in parts of the larger one's side."""


@settings(max_examples=300)
@given(
    st.lists(st.tuples(POINT, NEAR), min_size=1, max_size=3),
    st.tuples(st.floats(1, 50), st.floats(1, 50)),
    st.floats(0.05, 0.95),
)
def test_labels_that_are_alike_are_within_reach(
    points: list[tuple[tuple[float, float, int], tuple[float, float, int]]],
    sizes: tuple[float, float],
    least: float,
) -> None:
    side = max(sizes)
    one = [point for point, _ in points]
    other = [(x + right * side, y + down * side, seen) for (x, y, _), (right, down, seen) in points]
    both = table_of(
        {"kind": ["keypoints"] * 2, "coords": [[value for point in who for value in point] for who in (one, other)],
         "w": sizes, "h": sizes, "item": [""] * 2, "id": [1, 2], "class": ["p"] * 2}, LABELS,
    )  # fmt: skip
    if oks(both, np.array([0]), both, np.array([1]))[0] >= least:
        wide = reach(both, least)[:, None] * (1 + 1e-9) * [-1, -1, 1, 1] + bounds(both)
        assert (np.maximum(*wide[:, :2]) <= np.minimum(*wide[:, 2:])).all()
