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


class RestoreRefused(Conflict):
    """Restoring now would lose something, or end in what can't be used."""

    code: ClassVar[str] = "restore_refused"


class CopyFailed(Fault):
    """The database could not be copied, or its copy not be loaded: nothing was changed."""

    code: ClassVar[str] = "database_copy_failed"
