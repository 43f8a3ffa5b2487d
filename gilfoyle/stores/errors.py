"""What is refused about the media store."""

from __future__ import annotations

from typing import ClassVar

from gilfoyle.lib.errors import Conflict, NotFound


class StoreIsMoving(Conflict):
    """Objects lie in two stores, and what is asked for would look at one."""

    code: ClassVar[str] = "store_is_moving"


class StoreUnknown(NotFound):
    """The settings name no such store."""

    code: ClassVar[str] = "store_unknown"


class MoveNotSetUp(Conflict):
    """The settings do not say yet that objects are on their way: whoever looks for one would not find it."""

    code: ClassVar[str] = "move_not_set_up"


class StoresAreOne(Conflict):
    """Two names of the settings lead to the same objects: to empty one would empty the other."""

    code: ClassVar[str] = "stores_are_one"


class RowsAreOlder(Conflict):
    """Something came after the backup that the rows are of: it is rather forgotten than nobody's."""

    code: ClassVar[str] = "rows_are_older"


class TooManyOrphans(Conflict):
    """So much of the store is nobody's that the rows are rather an older backup's, or another server's."""

    code: ClassVar[str] = "too_many_orphans"


class VideoNotDeleted(Conflict):
    """What nobody has deleted is not purged."""

    code: ClassVar[str] = "video_not_deleted"
