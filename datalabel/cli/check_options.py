"""The arguments and options of `check`, as its help shows them."""

from __future__ import annotations

import typer

from datalabel.cli.completion import revisions, sets

TARGETS = typer.Argument(
    None,
    metavar="[REV | PATH… | accept CODE ITEM [LABEL]]",
    autocompletion=revisions,
    help="A revision (STAGED), label files, or a finding to accept.",
)
SELECT = typer.Option(None, "--select", metavar="CODES", help="Only these rules: codes or beginnings.")
IGNORE = typer.Option(None, "--ignore", metavar="CODES", help="Not these rules.")
SEVERITY = typer.Option(
    None, "--severity", metavar="CODE=WORD", help="How bad a rule's findings are: error, warning or info."
)
FAIL_ON = typer.Option("error", "--fail-on", metavar="SEVERITY", help="error, warning, info or never.")
SINCE = typer.Option(
    None,
    "--since",
    metavar="REV",
    autocompletion=revisions,
    help="Only what the change since REV brought; without rules about whole sets (B1).",
)
BASELINE = typer.Option(
    None,
    "--baseline",
    metavar="FILE",
    help="Leave out the findings that this file knows; status and add pass over NAME.baseline.json.",
)
WRITE_BASELINE = typer.Option(False, "--write-baseline", help="Write what is found now to the --baseline.")
SPEC = typer.Option(None, "--spec", metavar="FILE", help="The spec for label files (dlabel.yaml).")
LABELS = typer.Option(None, "--labels", metavar="FORMAT", help="Insist on the format of label files.")
SIZE = typer.Option(
    None, "--size", metavar="WxH", help="Size of images that are not here, for label files that need it."
)
SETS = typer.Option(
    None, "--sets", metavar="A B", autocompletion=sets, help="Hold two label sets against each other as well."
)
IMAGES = typer.Option(False, "--images", help="Decode every image, for the rules that look at pixels.")
FIX = typer.Option(False, "--fix", help="Stage safe repairs of what is found.")
UNSAFE_FIXES = typer.Option(False, "--unsafe-fixes", help="Stage the other repairs as well.")
DRY_RUN = typer.Option(False, "--dry-run", "-n", help="Show what --fix would do.")
STATISTICS = typer.Option(False, "--statistics", help="Count findings by rule.")
EXPLAIN = typer.Option(None, "--explain", metavar="CODES", help="Explain rules.")
LIST = typer.Option(False, "--list", help="List the rules.")
BECAUSE = typer.Option(None, "--because", metavar="WHY", help="With accept: the reason.")
