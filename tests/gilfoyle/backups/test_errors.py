from gilfoyle.backups.errors import (
    BackupUnusable,
    CopyFailed,
    FolderUnusable,
    MediaNotCopied,
    RestoreRefused,
    RestoreStopped,
    RestoreUnended,
)
from gilfoyle.lib.errors import Fault, Refusal


def test_what_is_refused_and_what_failed_are_told_apart() -> None:
    refused = (BackupUnusable, FolderUnusable, MediaNotCopied, RestoreRefused, RestoreUnended)
    failed = (CopyFailed, RestoreStopped)
    assert all(issubclass(one, Refusal) for one in refused)
    assert all(issubclass(one, Fault) for one in failed)
    assert len({one.code for one in (*refused, *failed)}) == 7
