"""Train on an export, for a second: a softmax classifier on patches cut out along the labels' boxes.

python examples/train.py FOLDER     (made by: dlabel export SNAPSHOT -f coco -o FOLDER --images copy)
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 12
"""Patches are scaled to so many pixels a side."""


def patches(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Pixels of every label of a split (rows of numbers from 0 to 1), class numbers, and the classes' names."""
    labels = json.loads((folder / "annotations" / f"instances_{split}.json").read_text())
    names = {image["id"]: image["file_name"] for image in labels["images"]}
    numbers = {category["id"]: place for place, category in enumerate(labels["categories"])}
    pixels, classes = [], []
    for label in labels["annotations"]:
        x, y, width, height = label["bbox"]
        with Image.open(folder / split / names[label["image_id"]]) as image:
            patch = image.convert("RGB").resize((SIDE, SIDE), box=(x, y, x + width, y + height))
        pixels.append(np.asarray(patch, np.float64).ravel() / 255)
        classes.append(numbers[label["category_id"]])
    return np.array(pixels), np.array(classes), [category["name"] for category in labels["categories"]]


def train(pixels: np.ndarray, classes: np.ndarray, count: int, steps: int = 400) -> np.ndarray:
    """Weights of a softmax regression by gradient descent; the last row is the bias."""
    rows = np.c_[pixels, np.ones(len(pixels))]
    weights = np.zeros((rows.shape[1], count))
    wanted = np.eye(count)[classes]
    for _ in range(steps):
        scores = np.exp(rows @ weights)
        error = scores / scores.sum(axis=1, keepdims=True) - wanted
        weights -= 0.05 * (rows.T @ error / len(rows) + 1e-3 * weights)
    return weights


def main(folder: Path) -> None:
    """Train on one split, and say how often the other is told right."""
    pixels, classes, names = patches(folder, "train")
    weights = train(pixels, classes, len(names))
    unseen, truth, _ = patches(folder, "val")
    guesses = (np.c_[unseen, np.ones(len(unseen))] @ weights).argmax(axis=1)
    usual = np.bincount(classes).argmax()
    print(f"trained on {len(pixels)} patches of {', '.join(names)}")
    print(f"accuracy on {len(truth)} others: {(guesses == truth).mean():.3f}")
    print(f"always saying {names[usual]}: {(truth == usual).mean():.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "training"))
