"""Imports point one way. Proven on the syntax trees, so that no import hidden in a function slips by."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "datalabel"

LAYERS: dict[str, int] = {
    "errors": 0, "progress": 0, "content": 0, "files": 0, "images": 0, "image_headers": 0, "thumbnails": 0,
    "looks": 0, "version": 0, "threads": 0, "processes": 0, "interrupts": 0, "printable": 0,
    "labels": 1, "spec": 1,
    "store": 2, "formats": 2, "check": 2, "experiments": 2, "quality": 2, "report": 2, "demo": 2,
    "repository": 3,
    "cli": 4,
}  # fmt: skip

VERBS: dict[str, int] = {
    "pages": 0, "spec": 0,
    "add": 1,
    "check": 2, "export": 2, "upkeep": 2,
    "history": 3, "snapshot": 3,
    "report": 4,
}  # fmt: skip
"""The folders of `repository`: each stands on those below it, and all on the files beside them."""

ONLY = {
    "pyarrow.parquet": {"store"},
    "typer": {"cli"},
    "rich": {"cli"},
    "sqlite3": {"store"},
    "sqlglot": {"labels"},
    "jinja2": {"report"},
    "markdown_it": {"report"},
}


OF_THE_PROCESS = {
    *("os.environ", "os.environb", "os.getenv", "os.getenvb"),
    *("os.getcwd", "os.getcwdb", "os.chdir", "os._exit"),
    *("sys.argv", "sys.stdin", "sys.stdout", "sys.stderr", "sys.exit"),
}
"""What is the command line's to read, to write and to end. A caller's relative path may be made absolute anywhere."""


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
BELOW = [path for path in SOURCES if room_of(path) != "cli"]


def test_every_file_has_a_layer() -> None:
    assert {room_of(path) for path in SOURCES} <= LAYERS.keys()
    assert {
        path.name for path in (PACKAGE / "repository").iterdir() if (path / "__init__.py").exists()
    } == VERBS.keys()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "datalabel" or len(parts) < 2 or parts[1] == room:
            continue
        other = parts[1]
        lower = LAYERS[other] < LAYERS[room] or (LAYERS[room] == LAYERS[other] <= 1)
        assert lower, f"{room} imports {name}"
        if LAYERS[room] == 2:
            assert LAYERS[other] < 2, f"{room} and {other} are introduced to each other by repository only"


VERB_FILES = [path for path in SOURCES if room_of(path) == "repository" and path.stem != "repository"]


@pytest.mark.parametrize("path", VERB_FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_families_of_verbs_stand_on_each_other(path: Path) -> None:
    folders = path.relative_to(PACKAGE / "repository").parts[:-1]
    family = folders[0] if folders else None
    for name in imports_of(path):
        parts = name.split(".")
        if parts[:2] != ["datalabel", "repository"] or len(parts) < 3 or parts[2] not in VERBS:
            continue
        assert family, f"the groundwork imports the verb {name}"
        assert parts[2] == family or VERBS[parts[2]] < VERBS[family], f"{family} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_some_libraries_belong_to_one_room(path: Path) -> None:
    for name in imports_of(path):
        for library, rooms in ONLY.items():
            if name == library or name.startswith(library + "."):
                assert room_of(path) in rooms, f"{library} is imported in {room_of(path)}"


@pytest.mark.parametrize("path", BELOW, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_below_the_command_line_prints_or_looks_around(path: Path) -> None:
    assert not imports_of(path) & OF_THE_PROCESS
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in {"print", "input", "exit", "quit", "Path.cwd"}
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in OF_THE_PROCESS


SHORT = [*SOURCES, *sorted(Path(__file__).parent.rglob("*.py"))]


def test_files_and_functions_stay_readable() -> None:
    long = {}
    for path in SHORT:
        text = path.read_text(encoding="utf-8")
        if (lines := text.count("\n")) >= 400:
            long[str(path)] = lines
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 40:
                    long[f"{path}: {node.name}"] = lines
    assert long == {}


def modules_after(*arguments: str) -> set[str]:
    code = f"import sys; sys.argv = ['dlabel', *{arguments!r}]\n"
    code += "try:\n    from datalabel.cli.main import main; main()\n"
    code += "except SystemExit:\n    pass\nprint('\\n@@', *sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("@@")[2].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["add", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert not modules_after(*arguments) & {
        "pyarrow",
        "numpy",
        "scipy",
        "jsonschema",
        "PIL",
        "shapely",
        "yaml",
    }


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, datalabel; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"pyarrow", "numpy", "typer", "sqlite3"}
