"""The entry of the command line: reads the arguments, loads one command, shows its result or its error."""

from __future__ import annotations

import errno
import functools
import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from datalabel.cli.arguments import remember_line, shown_as_written
from datalabel.cli.commands import COMMANDS, CommandInfo
from datalabel.cli.lean import make_lean
from datalabel.cli.presenting import FORMATS, Presentation, check_format, present
from datalabel.cli.session import SESSION
from datalabel.errors import EXIT_CODES, DlabelError, Kind, UsageError, is_shortage, nearest
from datalabel.interrupts import heed, heeding, is_settled

INTERNAL = 70
"""The exit status of a fault in this program itself (sysexits' EX_SOFTWARE)."""


def _remember(name: str, value: Any, keep: Any = None) -> None:
    """Keep an option's value in the session, wherever on the line it stood.

    Raises:
        UsageError: two formats are asked for.
    """
    if value in (None, False):
        return
    wanted = value if keep is None else keep
    if name == "format" and SESSION.format not in ("text", wanted):
        raise UsageError(
            f"{SESSION.format} or {wanted}? A result has one format", hint="drop --json or --format"
        )
    setattr(SESSION, name, wanted)


def _common(
    format: str = typer.Option(None, "--format", metavar="F", callback=lambda v: _remember("format", v)),
    output: str = typer.Option(
        None,
        "--output",
        "-o",
        metavar="FILE",
        help="Write to a file.",
        callback=lambda v: _remember("output", v),
    ),
    json: bool = typer.Option(
        False, "--json", help="Print one JSON document.", callback=lambda v: _remember("format", v, "json")
    ),
    quiet: bool = typer.Option(
        False, "--quiet", "-q", help="Print errors only.", callback=lambda v: _remember("quiet", v)
    ),
    verbose: bool = typer.Option(
        False,
        "--verbose",
        "-v",
        help="Print more: lists in full.",
        callback=lambda v: _remember("verbose", v),
    ),
    no_color: bool = typer.Option(
        False, "--no-color", help="No colours.", callback=lambda v: _remember("color", v, keep=False)
    ),
    wait: float = typer.Option(
        None,
        "--wait",
        metavar="SECONDS",
        help="Wait so long for another command to finish.",
        callback=lambda v: _remember("wait", v),
    ),
    debug: bool = typer.Option(
        False, "--debug", help="Show the traceback of an error.", callback=lambda v: _remember("debug", v)
    ),
) -> None:
    """The options that every command takes; the function itself is never called."""


def common_options() -> list[Any]:
    """The options that every command takes, for the session rather than for the command."""
    holder = typer.Typer(add_completion=False)
    holder.command()(_common)
    params = list(typer.main.get_command(holder).params)
    for param in params:
        param.expose_value = False
    return params


class Group(TyperGroup):
    """The commands by family; a command's module is imported when it runs."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        info = COMMANDS.get(cmd_name)
        return load_command(cmd_name, info) if info else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS:
            close = nearest(args[0], COMMANDS)
            ctx.fail(f"no command is called {args[0]!r}" + (f"; did you mean {close}?" if close else ""))
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        lines = ["dlabel: git for image labels", "", "Usage: dlabel [-C DIR] COMMAND [ARGS]…"]
        family = ""
        for name, info in COMMANDS.items():
            if info.family != family:
                family = info.family
                lines += ["", family]
            lines.append(f"  {name:<9} {info.help}")
        lines += ["", "Every command takes -q, -v, --no-color, --wait SECONDS and --debug; all but"]
        lines += ["demo take --json. dlabel COMMAND --help says more, dlabel --show-completion"]
        lines += ["prints the shell's completion."]
        formatter.write("\n".join(lines) + "\n")

    def get_help(self, ctx: Any) -> str:
        formatter = ctx.make_formatter()
        self.format_help(ctx, formatter)
        return str(formatter.getvalue().rstrip("\n"))


_HOLDS_MEMORY = frozenset({"diff", "show"})
"""Commands that are quicker by a twelfth when Arrow keeps what is freed. The others are not, and `check` and `stats`
would take half as much memory again."""


def load_command(name: str, info: CommandInfo) -> Any:
    """Import one command and give it the common options."""
    if name not in _HOLDS_MEMORY:
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # read when Arrow is imported
    found = getattr(import_module(f"datalabel.cli.{info.module}"), info.function)
    if isinstance(found, typer.Typer):
        group = typer.main.get_command(found)
        group.name = name
        make_lean(group)
        for command in getattr(group, "commands", {}).values():
            _equip(command, info.formats)
        return group
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, help=found.__doc__ or info.help, context_settings=_SETTINGS)(found)
    command = typer.main.get_command(app)
    _equip(command, info.formats)
    return command


_SETTINGS = {"help_option_names": ["-h", "--help"]}


def _equip(command: Any, more: Sequence[str] | None = ()) -> None:
    """Give a command the common options. What they say of its result is checked before it does anything."""
    own = {name for param in command.params for name in param.opts}
    formats = (*FORMATS, *(more or ()), *(["html"] if "--html" in own else []))
    for option in common_options():
        if option.name == "format":
            option.help = f"{', '.join(formats[:-1])} or {formats[-1]}."
        if not own & set(option.opts) and (more is not None or option.name not in _OF_RESULTS):
            command.params.append(option)
    command.callback = _checked(command.callback, formats)
    make_lean(command)
    shown_as_written(command)


_OF_RESULTS = ("format", "output", "json")


def _checked(run: Callable[..., Any], formats: Sequence[str]) -> Callable[..., Any]:
    @functools.wraps(run)
    def checked(*arguments: Any, **options: Any) -> Any:
        check_format(SESSION, formats)
        if "html" in formats:
            options["html"] = _page_file(options.get("html"))
            if options["html"]:
                from datalabel.repository.output_file import refuse_own

                check_format(SESSION, FORMATS)  # in which it is said where the page is
                refuse_own(SESSION.path(options["html"]))
        if SESSION.output is not None:
            from datalabel.repository.output_file import check_output_file

            check_output_file(SESSION.path(SESSION.output))
        return run(*arguments, **options)

    return checked


def _page_file(file: str | None) -> str | None:
    """Where a page goes: `--html FILE` is short for `--format html -o FILE`."""
    output = SESSION.output
    if SESSION.format == "html":
        if output is None or file is not None:
            raise UsageError("--format html needs the page's file, once", hint="--format html -o FILE")
        SESSION.format, SESSION.output = "text", None
        return output
    if file is None and SESSION.format == "text" and (output or "").lower().endswith((".html", ".htm")):
        raise UsageError(f"-o writes text, and {output} is called a page", hint=f"--html {output}")
    return file


app = typer.Typer(
    cls=Group,
    invoke_without_command=True,
    add_completion=True,
    rich_markup_mode=None,
    context_settings=_SETTINGS,
)


@app.callback()
def _root(
    folder: str = typer.Option(".", "-C", metavar="DIR", help="As if started in this folder."),
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> None:
    SESSION.folder = folder
    if version:
        raise typer.Exit(_told(_print_version))


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status. `--version` alone does not build the commands."""
    _fill_closed_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        sys.exit(_told(_print_version))
    heed()
    # Nothing here is linear algebra: the threads for it, of NumPy and of SciPy, would only take time to start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    status = run(arguments)
    gc.freeze()  # Python would look through all that is left, twice, before it ends
    sys.exit(status)


def _fill_closed_streams() -> None:
    """Where a standard stream is closed, the next file that is opened would take its place, and what is printed would
    go into that."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            if descriptor != number:
                os.dup2(descriptor, number)
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def _print_version() -> int:
    from datalabel.version import version

    print(f"dlabel {version()}", flush=True)  # noqa: T201
    return 0


def _told(tell: Callable[[], int]) -> int:
    """The status of what tells something; another where nobody listens any more, or where it cannot be written."""
    try:
        return tell()
    except BrokenPipeError:
        _silence_stdout()
        return 141
    except OSError as error:
        _silence_stdout()
        return _show_unexpected(error)


@heeding()
def run(arguments: list[str]) -> int:
    """Run one command; its exit status. Errors are shown, never raised, unless `--debug` asks for them."""
    remember_line(arguments)
    _spell_out_what_cannot_be_shown()
    try:
        command = typer.main.get_command(app)
        command.params += common_options()
        make_lean(command)
        result = command.main(arguments or ["--help"], prog_name="dlabel", standalone_mode=False)
        if isinstance(result, Presentation):
            return present(result, SESSION)
        if result == EXIT_CODES[Kind.INTERRUPTED]:  # what typer makes of Ctrl-C, without a word
            return _show_interrupted()
        return result if isinstance(result, int) else 0
    except DlabelError as error:
        if SESSION.debug:
            raise
        _show(error)
        return EXIT_CODES[error.kind]
    except (KeyboardInterrupt, typer.Abort):
        return _show_interrupted()
    except typer.TyperException as error:
        return _show_usage(error)
    except (BrokenPipeError, SystemExit):  # what click makes of the first, while it shows help
        _silence_stdout()
        return 141
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # while a class was made, which Python wraps
            return _show_interrupted()
        if SESSION.debug:
            raise
        return _show_unexpected(error)


def _spell_out_what_cannot_be_shown() -> None:
    """A terminal or pipe that is not Unicode is no reason to stop halfway through an answer."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _show(error: DlabelError) -> None:
    from datalabel.cli.presenting import shown

    for fault in error.faults:
        _complain(str(fault))
        if fault.hint and fault.hint != error.hint:
            print(f"hint: {shown(fault.hint)}", file=sys.stderr)  # noqa: T201
    if error.hint:
        print(f"hint: {shown(error.hint)}", file=sys.stderr)  # noqa: T201


def _complain(text: str) -> None:
    from datalabel.cli.presenting import shown

    mark = "\x1b[31merror:\x1b[0m" if sys.stderr.isatty() and SESSION.color else "error:"
    print(mark, "\n  ".join(shown(line) for line in text.split("\n")), file=sys.stderr)  # noqa: T201


def _show_usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" and context is not None:
        print(context.get_help())  # noqa: T201
        return 0
    _complain(error.format_message().replace("Value error, ", ""))
    if context is not None:
        print(f"hint: {context.command_path} --help", file=sys.stderr)  # noqa: T201
    return EXIT_CODES[Kind.USAGE]


def _show_interrupted() -> int:
    print(f"interrupted{', after its work was recorded' if is_settled() else ''}", file=sys.stderr)  # noqa: T201
    # An interrupt that ends what Python runs from text, as it does to make a dataclass, is remembered until it runs
    # another text: `python -m` would die of the signal at last, in place of our status.
    exec("")  # noqa: S102
    return EXIT_CODES[Kind.INTERRUPTED]


def _show_unexpected(error: Exception) -> int:
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        _complain(f"{where}{error.strerror or error}")
        if is_settled():
            print("hint: what the command did was recorded; dlabel status tells", file=sys.stderr)  # noqa: T201
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            print("hint: free some space, and run the command again", file=sys.stderr)  # noqa: T201
        return EXIT_CODES[Kind.INPUT]
    if is_shortage(error):
        _complain("the system gives this process no more memory or threads")
        print("hint: free some, or raise its limits (ulimit -v, ulimit -u)", file=sys.stderr)  # noqa: T201
        return EXIT_CODES[Kind.INPUT]
    _complain(f"this is a fault in dlabel: {type(error).__name__}: {error}")
    print("hint: --debug shows where it happened; please report it", file=sys.stderr)  # noqa: T201
    return INTERNAL


def _silence_stdout() -> None:
    """The reader is gone; what is left in the buffers has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
