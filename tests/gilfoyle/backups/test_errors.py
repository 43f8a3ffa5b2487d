from gilfoyle.backups.errors import BackupUnusable, CopyFailed, FolderUnusable, RestoreRefused
from gilfoyle.lib.errors import Fault, Refusal


def test_what_is_refused_and_what_failed_are_told_apart() -> None:
    assert all(issubclass(one, Refusal) for one in (BackupUnusable, FolderUnusable, RestoreRefused))
    assert issubclass(CopyFailed, Fault)
    codes = {one.code for one in (BackupUnusable, FolderUnusable, RestoreRefused, CopyFailed)}
    assert len(codes) == 4
