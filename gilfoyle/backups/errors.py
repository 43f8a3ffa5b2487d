"""What is refused about backups."""

from __future__ import annotations

from typing import ClassVar

from gilfoyle.lib.errors import Conflict, Fault, InvalidInput


class BackupUnusable(InvalidInput):
    """The folder holds no whole backup, or one that has changed since it was written."""

    code: ClassVar[str] = "backup_unusable"


class FolderUnusable(Conflict):
    """A backup can't be written where it was to be."""

    code: ClassVar[str] = "backup_folder_unusable"


class MediaNotCopied(Conflict):
    """The objects lie where this command can't copy them from, or to."""

    code: ClassVar[str] = "media_not_copied"


class RestoreRefused(Conflict):
    """Restoring now would lose something, or end in what can't be used."""

    code: ClassVar[str] = "restore_refused"


class RestoreUnended(Conflict):
    """Nothing may start: a restore has replaced the database, and has more to do."""

    code: ClassVar[str] = "restore_unended"


class RestoreStopped(Fault):
    """The database was replaced, or may be, and then something failed: the same command goes on."""

    code: ClassVar[str] = "restore_stopped"


class CopyFailed(Fault):
    """The database could not be copied, or its copy not be loaded: it is as it was."""

    code: ClassVar[str] = "database_copy_failed"
