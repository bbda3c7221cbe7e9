"""`config.yaml`: this clone's settings. Small, read with care, replaced whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from datalabel.errors import Faults, nearest
from datalabel.files import key_fault

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
    if not path.exists():
        return Config()
    faults = Faults()
    settings = _mapping(path, faults)
    known = {"user", "images", "roots"}
    for name in settings:
        if name not in known:
            close = nearest(str(name), known)
            faults.add(
                f"unknown setting {name!r}" + (f"; did you mean {close!r}?" if close else ""), str(path)
            )
    user, images = settings.get("user"), settings.get("images", "store")
    if user is not None and not isinstance(user, str):
        faults.add("`user` must be text, like `Ada <ada@example.org>`", str(path))
    if images not in ("store", "reference"):
        faults.add("`images` must be `store` or `reference`", str(path))
    roots = _roots(settings.get("roots") or {}, path, faults)
    faults.raise_if_any()
    return Config(user, images, roots)


def _mapping(path: Path, faults: Faults) -> Mapping[str, Any]:
    import yaml

    try:
        if path.stat().st_size > MAX_BYTES:
            faults.add("the file is too large for settings", str(path))
            return {}
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        faults.add(f"is not YAML: {str(error).splitlines()[0]}", str(path))
        return {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        faults.add("must hold a mapping of settings", str(path))
        return {}
    return value


def _roots(value: Any, path: Path, faults: Faults) -> dict[str, Path]:
    if not isinstance(value, dict):
        faults.add("`roots` must map names to folders", str(path))
        return {}
    roots: dict[str, Path] = {}
    for name, folder in value.items():
        fault = key_fault(name) if isinstance(name, str) else "is no text"
        if fault or "/" in name:
            faults.add(f"the root {name!r} {fault or 'has a slash'}", str(path))
        elif not isinstance(folder, str) or not Path(folder).is_absolute():
            faults.add(f"the root {name!r} must be an absolute path", str(path))
        else:
            roots[name] = Path(folder)
    return roots
