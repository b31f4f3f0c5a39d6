"""Notices changes that other programs make to `train.parquet` while the service runs.

A readable file is taken in and used. An unreadable one is given time, since it may still
be being written; then it is set aside untouched and the last good version is written
back. So is a file that was removed: its samples were acknowledged, and only a request
may delete them.
"""

import logging
from pathlib import Path

import orjson

from models.contract.answers.dataset import FileNote, FileTrouble
from models.samples.file.broken_file import UnreadableError
from models.samples.file.parquet_file import ParquetFile
from models.samples.file.parquet_version import ParquetVersion
from models.samples.version import Identity, Version
from utils.clock import Clock, iso, stamp
from utils.errors import StorageError
from utils.files import replace_file
from utils.installation import COMMAND

log = logging.getLogger(__name__)
_PATIENCE_S = 5.0
_REPORTS = 20


class FileWatch:
    """Holds the file version in use. Call its methods under the store's lock."""

    def __init__(self, file: ParquetFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._version: ParquetVersion | None = None
        self._begun = False
        self._odd: tuple[Identity | None, float] | None = None
        self._report_path = file.path.with_name("dataset_report.json")
        self._reports: list[FileNote] | None = None

    @property
    def version(self) -> ParquetVersion | None:
        """The version in use, without checking the file."""
        return self._version

    def current(self) -> ParquetVersion | None:
        """Return the version in use, after checking the file.

        Raises:
            DataFolderGoneError: the folder is gone before the file was ever opened.
        """
        if self._begun and not self._file.folder.is_there():
            return self._version  # still open, wherever it is; the file at the path now is not ours
        identity = self._file.identity()
        if self._begun and identity == _identity(self._version):
            self._odd = None
            return self._version
        try:
            version = self._file.open()
        except UnreadableError as error:
            if self._file.identity() != identity:
                return self.current()  # it was replaced while it was read: the new file may be good
            return self._on_odd(identity, str(error))
        if version is None and self._version is not None:
            return self._on_odd(None, "the file was removed while the service ran")
        self._use(version)
        return version

    def is_unchanged(self) -> bool:
        """Tell whether the file at the path is the version in use, or one that cannot be used yet."""
        return self._odd is not None or not self._file.folder.is_there() or self._is_at_path(self._version)

    def is_still(self, version: Version | None) -> bool:
        """Tell whether *version* is the file at the path; DataFolderGoneError if the folder is gone."""
        self._file.folder.check()
        return self._is_at_path(version)

    def _is_at_path(self, version: Version | None) -> bool:
        return self._file.identity() == _identity(version)

    def replaced(self, version: ParquetVersion) -> None:
        """Use *version*, which this service wrote."""
        self._version, self._begun = version, True

    def keep_original(self, version: Version) -> None:
        """Keep a copy of a file that others wrote, before ours replaces it."""
        kept = self._file.keep_original(f"train-{stamp(self._clock.now())}.parquet")
        self._note("original kept", f"{version.taken} samples as others wrote them: {kept.parent.name}/{kept.name}")

    def reports(self) -> list[FileNote]:
        """Return the changes noticed, newest first."""
        if self._reports is None:
            try:
                self._reports = list(orjson.loads(self._report_path.read_bytes()))
            except (OSError, ValueError):
                self._reports = []
        return self._reports

    def _use(self, version: ParquetVersion | None) -> None:
        if version is not None and version.report is not None and not version.is_ours:
            report = version.report
            self._keep(
                {
                    "at": iso(self._clock.now()),
                    "event": "taken in",
                    "message": f"{report.rows} samples that others wrote",
                    "rows": report.rows,
                    "columns": report.columns,
                    "changes": report.changes,
                }
            )
        self._version, self._begun, self._odd = version, True, None

    def _on_odd(self, identity: Identity | None, reason: str) -> ParquetVersion | None:
        """Decide what to do with a file that cannot be used; return the version to use meanwhile."""
        now = self._clock.monotonic()
        if self._begun and (self._odd is None or self._odd[0] != identity):
            self._odd = (identity, now)
        if self._odd is not None and now - self._odd[1] < _PATIENCE_S:
            return self._version
        if identity is not None:
            aside = self._file.set_aside(f"refused-{stamp(self._clock.now())}")
            self._note("set aside", f"{reason}; it was moved untouched to {aside.name}")
        held = self._version
        if held is None:
            self._use(None)
            return None
        try:
            self._write_back(held)
            self._use(ParquetVersion(self._file.path, held.index))
            self._note("written back", f"{held.taken} samples of the last good version ({reason})")
        except UnreadableError:
            # Overwritten in place: our open handle has the same broken bytes.
            self._note(
                "lost", f"{held.taken} samples: the file was overwritten in place; restore a backup: {COMMAND} restore"
            )
            self._use(None)
        return self._version

    def _write_back(self, version: ParquetVersion) -> None:
        """Write the bytes of *version* back; UnreadableError if they have changed."""

        def write(aside: Path) -> None:
            version.copy_to(aside)
            ParquetVersion(aside, version.index)

        try:
            replace_file(self._file.path, write)
        except OSError as error:
            raise StorageError(f"{self._file.path}: cannot be written back ({error.strerror})") from error

    def _note(self, event: FileTrouble, message: str) -> None:
        self._keep({"at": iso(self._clock.now()), "event": event, "message": message})

    def _keep(self, note: FileNote) -> None:
        log.warning("data set file: %s", note["event"], extra={"detail": note["message"]})
        self._reports = [note, *self.reports()][:_REPORTS]
        try:
            replace_file(self._report_path, lambda aside: aside.write_bytes(orjson.dumps(self._reports)))
        except OSError as error:
            log.warning("report not kept", extra={"reason": error.strerror})


def _identity(version: Version | None) -> Identity | None:
    return version.identity if version is not None else None
