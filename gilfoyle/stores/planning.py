"""Whether the settings allow a move between two stores, and whether they are two at all."""

from __future__ import annotations

from gilfoyle.lib.storage_settings import StorageSettings
from gilfoyle.lib.store_places import ROLES, store_named
from gilfoyle.lib.store_trial import find_shared_folder
from gilfoyle.stores.errors import MoveNotSetUp, StoresAreOne, StoreUnknown
from gilfoyle.stores.moving import PARALLEL, Move
from gilfoyle.stores.surveying import Progress


def plan_move(
    storage: StorageSettings,
    *,
    source: str,
    target: str,
    progress: Progress,
    is_last: bool = False,
    parallel: int = PARALLEL,
) -> Move:
    """Return the move between two stores; `is_last` where the old one is to be emptied.

    Raises: StoreUnknown, MoveNotSetUp, StoresAreOne, NoSpace, StorageFault.
    """
    names = ["main", *(store.name for store in storage.others)]
    for name in (source, target):
        if name not in names:
            message = f"The settings have no store {name}."
            raise StoreUnknown(message, hint=f"They have {', '.join(names)}.")
    roles = frozenset(role for role in ROLES if storage.name_of(role) == target != source)
    if not roles:
        message = f"Nothing new goes to {target}: what is moved there would be found by nobody."
        raise MoveNotSetUp(message, hint=f"Set storage.sources or storage.renditions to {target} first.")
    if storage.also_read != source and not is_last:
        message = f"What is still in {source} would be found by nobody meanwhile."
        raise MoveNotSetUp(message, hint=f"Set storage.also_read to {source}, and restart all processes.")
    move = Move(store_named(source), store_named(target), roles, progress, parallel)
    require_apart(move)
    return move


def require_apart(move: Move) -> None:
    """See that the two stores of a move are two: in one, each object would be compared with itself, and removed.

    Names can't tell: one bucket has several addresses, and one disk is mounted, or linked to, at several places.

    Raises: StoresAreOne, NoSpace, StorageFault.
    """
    folder = find_shared_folder(move.source, move.target, roles=move.roles)
    if folder is not None:
        message = (
            f"The two stores are one and the same: what is written to {folder} of one shows in the other."
        )
        raise StoresAreOne(message, hint="Give them different places: path, s3.bucket, s3.prefix, or links.")
