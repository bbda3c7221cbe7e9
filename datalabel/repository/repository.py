"""The library's front door: one project, and what the command line does with one as methods of the same names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from datalabel.printable import printable
from datalabel.progress import SILENT, Progress
from datalabel.repository import keywords
from datalabel.repository.keywords import PathLike
from datalabel.repository.options import options_of, path_text, paths_in
from datalabel.repository.project import Project

if TYPE_CHECKING:
    from datalabel.check.finding import Finding
    from datalabel.labels.stats import Stats
    from datalabel.quality.results import Agreement
    from datalabel.report.page import Page
    from datalabel.repository.add.adding import Added
    from datalabel.repository.check.accepting import Accepted
    from datalabel.repository.check.checking import Checked
    from datalabel.repository.check.fixing import Fixed
    from datalabel.repository.check.gating import Gated
    from datalabel.repository.differences import Difference
    from datalabel.repository.export.exporting import Exported
    from datalabel.repository.history.committing import Committed
    from datalabel.repository.history.moving import Moved, Removed
    from datalabel.repository.history.restoring import Restored
    from datalabel.repository.history.status import Status
    from datalabel.repository.log import LogEntry
    from datalabel.repository.report.agreeing import AgreementOptions
    from datalabel.repository.report.reporting import Report
    from datalabel.repository.snapshot.samples import OpenSnapshot
    from datalabel.repository.spec.comparing import SpecDiff
    from datalabel.repository.spec.migrating import Migrated
    from datalabel.repository.upkeep.collecting import Collected
    from datalabel.repository.upkeep.inspecting import Inspected
    from datalabel.repository.view import LabelView, View
    from datalabel.store.snapshots import Snapshot


class Repository:
    """A project, opened.

    Paths are taken relative to the project's root unless they are absolute. Methods that change something
    either do all of it or nothing; they raise `BusyError` while another process holds the project. Nothing
    is printed; errors are of `datalabel.errors.DlabelError`. Options are keywords (`datalabel.repository.keywords`).
    """

    def __init__(self, project: Project) -> None:
        self.project = project

    @classmethod
    def open(
        cls,
        path: PathLike = ".",
        *,
        progress: Progress = SILENT,
        wait: float = 0.0,
        templates: Path | None = None,
    ) -> Repository:
        """Open the project that a folder lies in; `templates` is the user's own folder of spec templates.

        Raises:
            NoProjectError: there is none here or above.
            InputError: its `config.yaml` is faulty.
        """
        project = Project.find(Path(path).absolute(), progress, wait, templates)
        project.check_config()
        return cls(project)

    @classmethod
    def init(
        cls,
        path: PathLike = ".",
        *,
        spec: str | None = None,
        name: str | None = None,
        templates: Path | None = None,
    ) -> Repository:
        """Make a project of a folder and open it. `spec` names a template or a file.

        Raises:
            InputError: it is a project already, or the spec cannot be used.
        """
        from datalabel.repository.upkeep.starting import init

        made = init(Path(path), spec=spec, name=name, templates=templates)
        return cls(Project(made.root, templates=templates))

    @property
    def root(self) -> Path:
        """The folder that the project is about."""
        return self.project.root

    def close(self) -> None:
        """Release the databases; the repository may be used again."""
        self.project.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Looking

    def view(self, revision: str = "STAGED") -> View:
        """The tree of a revision: its spec, items, mentions and sets."""
        from datalabel.repository.revisions import view_at

        return view_at(self.project, revision)

    def labels(self, revision: str = "STAGED", set: str = "ground_truth") -> LabelView:  # noqa: A002
        """A label set at a revision: `.to_arrow()`, `.to_pandas()`, `.batches()`."""
        return self.view(revision).labels(set)

    def items(self, revision: str = "STAGED") -> Any:
        """The items at a revision, as an Arrow table (schema `datalabel.labels.tables.ITEMS`)."""
        view = self.view(revision)
        return self.project.store.tables.read(view.items)

    def status(self) -> Status:
        """What is staged, changed and untracked."""
        from datalabel.repository.history.status import status

        return status(self.project)

    def log(self, revision: str = "HEAD", limit: int | None = None) -> Iterator[LogEntry]:
        """The commits that led to a revision, newest first."""
        from datalabel.repository.log import log

        return log(self.project, revision, limit)

    def show(self, revision: str = "HEAD", paths: Sequence[PathLike] = ()) -> tuple[LogEntry, Difference]:
        """A commit, and what it changed against its first parent."""
        from datalabel.repository.differences import diff_of_commit
        from datalabel.repository.log import log_entry

        entry = log_entry(self.project, revision)
        return entry, diff_of_commit(self.project, entry, paths)

    def diff(self, before: str = "HEAD", after: str = "STAGED", paths: Sequence[PathLike] = ()) -> Difference:
        """What differs between two revisions, by object."""
        from datalabel.repository.differences import diff

        return diff(self.project, before, after, paths)

    def diff_page(
        self,
        before: str = "HEAD",
        after: str = "STAGED",
        paths: Sequence[PathLike] = (),
        **options: Unpack[keywords.Page],
    ) -> Page:
        """What differs between two revisions in pictures, for `datalabel.report.html.write_page`."""
        from datalabel.repository.pages.diff_pictures import page_of_diff
        from datalabel.repository.pages.page_pictures import PageOptions

        return page_of_diff(self.project, self.diff(before, after, paths), options_of(PageOptions, options))

    def check(self, revision: str = "STAGED", **options: Unpack[keywords.Gate]) -> Checked:
        """What the rules find at a revision, without what was accepted: as `gate`, by the same options."""
        return self.gate(revision, **options).checked

    def gate(
        self,
        revision: str = "STAGED",
        *,
        paths: Sequence[PathLike] = (),
        since: str | None = None,
        baseline: PathLike | None = None,
        **options: Unpack[keywords.Check],
    ) -> Gated:
        """What the rules find at a revision and nobody accepted, and how much was left out.

        With `since`, only what the change since that revision brought; with `baseline`, only what that file
        does not know.

        Raises:
            InputError: the baseline or `dlabel.accepted.yaml` cannot be used.
            UsageError: a code names no rule.
        """
        from datalabel.repository.check.checking import CheckOptions
        from datalabel.repository.check.gating import GateOptions, gate_revision

        known = None if baseline is None else self.root / path_text(baseline)
        asked = GateOptions(options_of(CheckOptions, options), since, known)
        return gate_revision(self.project, revision, asked, paths)

    def check_page(
        self, findings: Sequence[Finding], revision: str = "STAGED", **options: Unpack[keywords.Page]
    ) -> Page:
        """Findings at a revision in pictures, for `datalabel.report.html.write_page`."""
        from datalabel.repository.pages.finding_pictures import page_of_findings
        from datalabel.repository.pages.page_pictures import PageOptions

        return page_of_findings(self.project, self.view(revision), findings, options_of(PageOptions, options))

    def spec_diff(self, before: str = "HEAD", after: str = "dlabel.yaml", *, at: str = "STAGED") -> SpecDiff:
        """What changes between two specs (files, templates, revisions or `FOLDER#REVISION`), and how many
        labels of the revision `at` each change is about."""
        from datalabel.repository.spec.comparing import diff_specs
        from datalabel.repository.spec.foreign import spec_named

        project = self.project
        specs = [spec_named(which, self.root, project.templates, project) for which in (before, after)]
        return diff_specs(specs[0], specs[1], self.view(at))

    def infer_spec(self, revision: str = "STAGED", set: str = "ground_truth") -> str:  # noqa: A002
        """The tightest readable spec that a label set satisfies, as YAML."""
        from datalabel.repository.spec.inferring import infer_spec_of

        return infer_spec_of(self.view(revision), set, printable(self.root.name))

    def stats(self, revision: str = "STAGED", *, by: str | None = None) -> Stats:
        """Counts and distributions at a revision, and of groups: by `class`, `annotator`, `split`,
        `properties.NAME` or `item.properties.NAME`."""
        from datalabel.repository.report.statistics import stats_of

        return stats_of(self.view(revision), by)

    def agreement(
        self,
        revision: str = "STAGED",
        options: AgreementOptions | None = None,
        **given: Unpack[keywords.Agreement],
    ) -> Agreement:
        """How far annotators, or two sets, agree at a revision; options as such, or their fields as keywords."""
        from datalabel.repository.report.agreeing import AgreementOptions, agreement_of

        return agreement_of(self.view(revision), options or options_of(AgreementOptions, given))

    def report(self, revision: str = "HEAD", *, against: str | None = None) -> Report:
        """Everything about a revision, and what changed since its parent or since `against`."""
        from datalabel.repository.report.reporting import report

        return report(self.project, revision, against)

    # Changing

    def add(self, *paths: PathLike, **options: Unpack[keywords.Add]) -> Added:
        """Bring what paths hold into staging; without paths, every tracked source that changed."""
        from datalabel.repository.add.adding import AddOptions, add

        return add(self.project, paths_in(self.root, paths), options_of(AddOptions, options))

    def commit(self, message: str, *, all_sources: bool = False) -> Committed:
        """Check what is staged, and record it."""
        from datalabel.repository.history.committing import commit

        return commit(self.project, message, all_sources=all_sources)

    def fix(self, *, unsafe: bool = False, dry_run: bool = False, **options: Unpack[keywords.Check]) -> Fixed:
        """Repair in staging what the rules find: what is safe, or with `unsafe` all that can be repaired."""
        from datalabel.repository.check.checking import CheckOptions
        from datalabel.repository.check.fixing import fix

        return fix(self.project, options_of(CheckOptions, options), unsafe=unsafe, dry_run=dry_run)

    def accept(
        self,
        code: str,
        item: str,
        label: str | int | None = None,
        *,
        because: str,
        sets: tuple[str, str] | None = None,
    ) -> Accepted:
        """Write into `dlabel.accepted.yaml` that what a rule finds on an item, or on a label of it, is right. A label
        is known by its id, in hexadecimal as findings have it or as a number.

        Raises:
            InputError: the rule finds nothing there.
            UsageError: the code names no rule or several, or there is no reason.
        """
        from datalabel.labels.tables import label_id_text
        from datalabel.repository.check.accepting import accept

        known = label_id_text(label) if isinstance(label, int) else label
        return accept(self.project, code, item, known, because, sets)

    def write_baseline(self, path: PathLike, gated: Gated) -> bool:
        """Write what a gate found into a file, for the `baseline` of later ones; whether the file changed.

        Raises:
            InputError: the file that is there is no baseline, or another project's.
        """
        from datalabel.repository.check.gating import write_baseline

        return write_baseline(self.root / path_text(path), gated)

    def migrate(self, map_file: PathLike, *, dry_run: bool = False, allow_unmapped: bool = False) -> Migrated:
        """Change labels and their spec together, as a map file says; one staged change.

        Raises:
            InputError: the map or the spec afterwards has faults.
            RefusedError: labels would be left over, and `allow_unmapped` is not given.
        """
        from datalabel.repository.spec.migrating import migrate

        [path] = paths_in(self.root, [map_file])
        return migrate(self.project, path, dry_run=dry_run, allow_unmapped=allow_unmapped)

    def restore(
        self,
        *paths: PathLike,
        revision: str | None = None,
        staged: bool = False,
        force: bool = False,
        dry_run: bool = False,
    ) -> Restored:
        """Bring files, or staging, back to a revision."""
        from datalabel.repository.history.restoring import restore

        found = paths_in(self.root, paths)
        return restore(self.project, found, revision=revision, staged=staged, force=force, dry_run=dry_run)

    def rm(
        self, *paths: PathLike, files: bool = False, force: bool = False, dry_run: bool = False
    ) -> Removed:
        """Stop tracking items or sources; with `files`, delete them."""
        from datalabel.repository.history.moving import remove

        return remove(self.project, paths_in(self.root, paths), files=files, force=force, dry_run=dry_run)

    def mv(self, old: PathLike, new: PathLike) -> Moved:
        """Rename an image, a label file or a folder."""
        from datalabel.repository.history.moving import move

        return move(self.project, *paths_in(self.root, (old, new)))

    def export(
        self,
        format: str,  # noqa: A002
        folder: PathLike,
        *,
        revision: str = "HEAD",
        **options: Unpack[keywords.Export],
    ) -> Exported:
        """Write a label set as files of a foreign format into a new folder."""
        from datalabel.repository.export.exporting import ExportOptions, export

        [target] = paths_in(self.root, [folder])
        return export(self.project, revision, format, target, options_of(ExportOptions, options))

    # Experiments

    def create_snapshot(
        self, name: str, revision: str = "HEAD", **options: Unpack[keywords.Snapshot]
    ) -> OpenSnapshot:
        """Freeze a selection of a commit for an experiment."""
        from datalabel.repository.snapshot.samples import OpenSnapshot
        from datalabel.repository.snapshot.snapshots import create_snapshot
        from datalabel.repository.snapshot.splitting import SnapshotOptions

        created = create_snapshot(self.project, name, revision, options_of(SnapshotOptions, options))
        return OpenSnapshot(self.project, name, created)

    def snapshot(self, name: str) -> OpenSnapshot:
        """A snapshot, opened: its items and labels split by split, for training."""
        from datalabel.repository.snapshot.samples import OpenSnapshot

        return OpenSnapshot(self.project, name)

    def snapshots(self) -> list[Snapshot]:
        """What is recorded of every snapshot, oldest first."""
        from datalabel.repository.revisions import list_snapshots

        return list_snapshots(self.project)

    def delete_snapshot(self, name: str) -> None:
        """Forget a snapshot."""
        from datalabel.repository.snapshot.snapshots import delete_snapshot

        delete_snapshot(self.project, name)

    def fsck(self) -> Inspected:
        """Read every object of the store that anything leads to; what is missing or damaged."""
        from datalabel.repository.upkeep.inspecting import inspect

        return inspect(self.project)

    def gc(self, *, older_than: float | None = None, dry_run: bool = False) -> Collected:
        """Delete objects that nothing leads to, if they are older than so many days (14)."""
        from datalabel.repository.upkeep.collecting import collect

        return collect(self.project, older_than=older_than, dry_run=dry_run)
