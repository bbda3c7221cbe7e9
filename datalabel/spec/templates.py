"""Templates that specs extend: those that come with the program, and the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datalabel.errors import InputError, nearest
from datalabel.files import key_fault

_BESIDE = Path(__file__).parent / "templates"
_CHECKOUT = Path(__file__).parents[2] / "specs"
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """A template: its name, its first comment line, its file, and whether it is `shipped` or `yours`."""

    name: str
    title: str
    path: Path
    origin: str


def shipped_folder() -> Path:
    """Where the templates lie that come with the program: in a wheel beside this file, else in the checkout."""
    return _BESIDE if _BESIDE.is_dir() else _CHECKOUT


def list_templates(user: Path | None = None) -> list[TemplateInfo]:
    """Every template by name; one of the user's own hides a shipped one of the same name."""
    found: dict[str, TemplateInfo] = {}
    for folder, origin in ((shipped_folder(), "shipped"), (user, "yours")):
        if folder is not None and folder.is_dir():
            for path in sorted(one for one in folder.rglob("*.yaml") if one.is_file()):
                name = path.relative_to(folder).with_suffix("").as_posix()
                found[name] = TemplateInfo(name, _title(path), path, origin)
    return [found[name] for name in sorted(found)]


def find_template(name: str, user: Path | None = None) -> Path:
    """The file of a template.

    Raises:
        InputError: there is none of this name; the nearest is named.
    """
    if key_fault(name) is None:
        for folder in (user, shipped_folder()):
            if folder is not None and (folder / f"{name}.yaml").is_file():
                return folder / f"{name}.yaml"
    known = [one.name for one in list_templates(user)]
    close = nearest(name, known)
    hint = f"did you mean {close}?" if close else f"the templates are {', '.join(known)}"
    shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
    raise InputError(f"there is no template {shown!r}", hint=hint)


def origin_of(path: Path, user: Path | None = None) -> str:
    """Whether the file of a template is `shipped` or `yours`."""
    return "yours" if user is not None and path.is_relative_to(user) else "shipped"


def _title(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            first = file.readline(_SHOWN)
    except OSError:
        return ""
    return first.lstrip("# ").strip() if first.startswith("#") else ""
