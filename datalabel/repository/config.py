"""`config.yaml`: this clone's settings. Small, read with care, replaced whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from datalabel.errors import Faults, nearest
from datalabel.files import key_fault, read_bounded

if TYPE_CHECKING:
    from datalabel.spec.yaml_text import Node

MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of one clone.

    `images` says whether the bytes of images are kept (`store`) or only their ids (`reference`). `roots`
    names folders elsewhere whose images have keys that begin with the root's name.
    """

    user: str | None = None
    images: Literal["store", "reference"] = "store"
    roots: Mapping[str, Path] = field(default_factory=dict)


def load_config(path: Path) -> Config:
    """Read the settings; defaults when the file does not exist.

    Raises:
        InputError: the file is not YAML, or holds unknown or malformed settings (all are named).
    """
    if not os.path.lexists(path):
        return Config()
    from datalabel.spec.yaml_text import read_yaml

    faults = Faults()
    root = read_yaml(read_bounded(path, MAX_BYTES, name=str(path), what="settings"), str(path), faults)
    if root.value is not None and not root.is_mapping:
        faults.add("must hold a mapping of settings", str(path))
    known = {"user", "images", "roots"}
    for name in (one for one in root.entries if one not in known):
        close = nearest(name, known)
        what = f"unknown setting {name!r}" + (f"; did you mean {close!r}?" if close else "")
        faults.add(what, str(root.keys[name]))
    user = _setting(root, "user")
    if user is not None and not isinstance(user.value, str):
        faults.add("`user` must be text, like `Ada <ada@example.org>`", str(user.place))
    images = _setting(root, "images")
    if images is not None and images.value not in ("store", "reference"):
        faults.add("`images` must be `store` or `reference`", str(images.place))
    roots = _roots(_setting(root, "roots"), path.parent.parent, faults)
    faults.raise_if_any()
    reference = images is not None and images.value == "reference"
    return Config(user.text if user else None, "reference" if reference else "store", roots)


def _setting(root: Node, name: str) -> Node | None:
    """A setting that was given; one without a value was not."""
    node = root.entries.get(name)
    return None if node is None or node.value is None else node


def _is_real(path: Path) -> bool:
    """Whether a file or folder, and no link, lies there; nothing does where a name is too long."""
    return os.path.exists(path) and not os.path.islink(path)  # noqa: PTH110, PTH114 - they never raise


def _roots(node: Node | None, project: Path, faults: Faults) -> dict[str, Path]:
    if node is None:
        return {}
    if not node.is_mapping:
        faults.add("`roots` must map names to folders", str(node.place))
    roots: dict[str, Path] = {}
    for name, folder in node.entries.items():
        fault = key_fault(name) or ("has a slash" if "/" in name else None)
        if fault:
            faults.add(f"the root {name!r} {fault}", str(node.keys[name]))
        elif (
            not isinstance(folder.value, str) or not Path(folder.value).is_absolute() or "\0" in folder.value
        ):
            faults.add(f"the root {name!r} must be an absolute path", str(folder.place))
        elif _is_real(beside := project / name):
            faults.add(
                f"the root {name!r} is called like {beside}: both would have the same keys; give it another name",
                str(folder.place),
            )
        else:
            roots[name] = Path(folder.value)
    return roots
