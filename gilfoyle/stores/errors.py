"""What is refused about the media store."""

from __future__ import annotations

from typing import ClassVar

from gilfoyle.lib.errors import Conflict


class TooManyOrphans(Conflict):
    """So much of the store is nobody's that the rows are rather an older backup's, or another server's."""

    code: ClassVar[str] = "too_many_orphans"
