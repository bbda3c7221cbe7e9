"""`spec list|new|show|check|schema|infer`, and the group that all commands on specs belong to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.completion import revisions
from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.session import SESSION
from datalabel.cli.spec_diff import diff, project_here
from datalabel.cli.spec_migrate import migrate
from datalabel.errors import Fault, InputError
from datalabel.printable import amount, printable

if TYPE_CHECKING:
    from datalabel.spec.load import Extended, LoadedSpec
    from datalabel.spec.model import Spec
    from datalabel.spec.templates import TemplateInfo

app = typer.Typer(
    name="spec",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="List, show, check, compare, write, infer and migrate data specs.",
)
app.command("diff", short_help="Compare two specs, and count the labels that each change is about.")(diff)
app.command("migrate", short_help="Change labels and their spec together, by a map.")(migrate)


@dataclass
class TemplatesText(Presentation):
    """The templates that specs may extend, and what the spec here extends."""

    templates: list[TemplateInfo]
    extended: tuple[Extended, ...]
    faults: tuple[Fault, ...] = ()
    """Why nobody can tell what the spec here extends."""

    def text(self, screen: Screen) -> None:
        screen.table([[shown(one.name), shown(one.title), one.origin] for one in self.templates], indent=0)
        if self.extended:
            screen.line()
            screen.line("dlabel.yaml extends")
            screen.table([[shown(one.name), one.origin, shown(one.path)] for one in self.extended])
        screen.doubts(self.faults)

    def json(self) -> Any:
        used = {one.path: one for one in self.extended}
        listed = [
            {"name": one.name, "title": one.title, "path": str(one.path), "origin": one.origin,
             "extended": one.path in used}
            for one in self.templates
        ]  # fmt: skip
        paths = {one.path for one in self.templates}
        others = [
            {"name": one.name, "title": "", "path": str(one.path), "origin": one.origin, "extended": True}
            for one in self.extended
            if one.path not in paths
        ]
        return listed + others


@app.command("list", short_help="List the templates that a spec can extend.")
def list_() -> Presentation:
    """List the templates that a spec can extend, what dlabel.yaml extends, and where each comes from."""
    from datalabel.repository.spec.foreign import load_spec_file
    from datalabel.spec.templates import list_templates

    path, templates = SESSION.path("dlabel.yaml"), list_templates(SESSION.templates)
    try:
        extended = load_spec_file(path, SESSION.templates).extended if path.is_file() else ()
    except InputError as error:  # who looks for a template may do so to mend it
        return TemplatesText(templates, (), error.faults)
    return TemplatesText(templates, extended)


@dataclass
class NewSpecText(Presentation):
    """A spec that was written."""

    path: str

    def text(self, screen: Screen) -> None:
        screen.line(f"Wrote {shown(self.path)}")

    def json(self) -> Any:
        return {"path": self.path}


@app.command("new")
def new(
    template: str = typer.Argument(None, metavar="[TEMPLATE]", help="What it extends."),
    output: str = typer.Option("dlabel.yaml", "--output", "-o", metavar="FILE", help="Where it is written."),
    name: str = typer.Option(None, "--name", help="The project's name."),
    force: bool = typer.Option(False, "--force", help="Replace a file that is there."),
) -> Presentation:
    """Write a new spec that extends a template."""
    from datalabel.repository.upkeep.starting import new_spec

    path = SESSION.path(output)
    new_spec(path, template, name or printable(path.parent.name), SESSION.templates, force=force)
    return NewSpecText(str(path))


@dataclass
class SpecText(Presentation):
    """A resolved spec."""

    spec: Spec
    canonical: bytes

    def text(self, screen: Screen) -> None:
        if self.spec.project_name:
            screen.line(("project  ", "dim"), (shown(self.spec.project_name), "name"))
        if not self.spec.classes:
            screen.line("No classes are named: all are allowed.")
        for name, kinds in self.spec.classes.items():
            screen.line((shown(name), "name"), "" if kinds else "  any kind")
            for kind, looks in kinds.items():
                words = [f"{key}={_short(value)}" for key, value in _set(looks.conditions).items()]
                color = f"  {looks.color}" if looks.color else ""
                points = f"  {amount(len(looks.points), 'point')}" if looks.points else ""
                screen.line(f"  {kind}{color}{points}", ("  " + "  ".join(words) if words else "", "dim"))
                for key, one in looks.properties.items():
                    screen.line(f"    {shown(key)}: {_property(one)}")
        for key, one in self.spec.item_properties.items():
            screen.line(("item property  ", "dim"), f"{shown(key)}: {_property(one)}")
        for key, value in _set(self.spec.image).items():
            screen.line(("image  ", "dim"), f"{key}={_short(value)}")
        for key, region in self.spec.regions.items():
            screen.line(("region  ", "dim"), f"{shown(key)}: {len(region.corners)} corners, "
                        + ("relative" if region.relative else "pixels"))  # fmt: skip

    def json(self) -> Any:
        return json.loads(self.canonical)


def _set(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that say something."""
    fields = {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {name: found for name, found in fields.items() if found not in (None, ())}


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return "–".join("∞" if one is None else shown(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else shown(value)


def _property(one: Any) -> str:
    words = ", ".join(map(shown, one.options)) if one.options else one.type
    flags = [flag for flag in ("multiple", "required") if getattr(one, flag)]
    bounds = [f"≥ {one.minimum:g}"] if one.minimum is not None else []
    bounds += [f"≤ {one.maximum:g}"] if one.maximum is not None else []
    return " ".join([words, *bounds, *(f"({flag})" for flag in flags)])


@app.command("show")
def show(
    which: str = typer.Argument(
        "dlabel.yaml",
        metavar="[FILE|TEMPLATE|REV]",
        autocompletion=revisions,
        help="A file, a template, a revision, or PROJECT#REV.",
    ),
) -> Presentation:
    """Show a spec with everything that it extends resolved."""
    from datalabel.repository.spec.foreign import spec_named
    from datalabel.spec.canonical import canonical_spec

    spec = spec_named(which, SESSION.start, SESSION.templates, project_here(needed=False))
    return SpecText(spec, canonical_spec(spec))


@dataclass
class CheckedSpecText(Presentation):
    """A spec that has no faults, perhaps with warnings."""

    loaded: LoadedSpec
    path: str

    def text(self, screen: Screen) -> None:
        for warning in self.loaded.warnings:
            screen.line((f"warning: {shown(warning)}", "warn"))
        classes = amount(len(self.loaded.spec.classes), "class", "classes")
        screen.line(f"{shown(self.path)}: {classes}, no faults")

    def json(self) -> Any:
        return {
            "path": self.path,
            "warnings": [str(warning) for warning in self.loaded.warnings],
            "templates": list(self.loaded.templates),
        }


@app.command("check")
def check(file: str = typer.Argument("dlabel.yaml", metavar="[FILE]")) -> Presentation:
    """Check a spec: every fault at once, each with its place."""
    from datalabel.check.registry import refuse_unknown
    from datalabel.repository.spec.foreign import load_spec_file

    loaded = load_spec_file(SESSION.path(file), SESSION.templates)
    refuse_unknown(loaded.spec.check, file)
    return CheckedSpecText(loaded, file)


@dataclass
class SchemaText(Presentation):
    """The grammar of specs."""

    schema: str

    def text(self, screen: Screen) -> None:
        for line in self.schema.splitlines():
            screen.line(line)

    def json(self) -> Any:
        return json.loads(self.schema)


@app.command("schema", short_help="Print the grammar of specs as a JSON Schema.")
def schema() -> Presentation:
    """Print the grammar of specs as a JSON Schema (2020-12), for editors."""
    from datalabel.spec.grammar import grammar_text

    return SchemaText(grammar_text())


@dataclass
class InferredText(Presentation):
    """A spec inferred from labels."""

    spec: str
    written: str | None

    def text(self, screen: Screen) -> None:
        if self.written:
            screen.line(f"Wrote {shown(self.written)}")
            return
        for line in self.spec.splitlines():
            screen.line(line)

    def json(self) -> Any:
        return {"spec": self.spec, "written": self.written}


@app.command("infer")
def infer(
    revision: str = typer.Argument("STAGED", metavar="[REV]", autocompletion=revisions),
    write: bool = typer.Option(
        False,
        "--write",
        help="Put it into dlabel.yaml (the old one must be staged); check, quality and workflow stay.",
    ),
    set_: str = typer.Option("ground_truth", "--set", metavar="NAME", help="The label set."),
    force: bool = typer.Option(False, "--force", help="Replace a dlabel.yaml that is not staged."),
) -> Presentation:
    """Write the tightest readable spec that the labels satisfy."""
    from datalabel.repository.spec.inferring import write_spec

    repository = SESSION.repository()
    text = repository.infer_spec(revision, set_)
    if write:
        text = write_spec(repository.project, text, force=force)
    return InferredText(text, "dlabel.yaml" if write else None)
