"""What keeps Gilfoyle from starting, because it may be another one's."""

from __future__ import annotations

from typing import ClassVar

from gilfoyle.lib.errors import Fault
from gilfoyle.lib.storage_faults import StorageFault


class SecretDiffers(Fault):
    """The root secret is not the one that the keys in the database are wrapped under."""

    code: ClassVar[str] = "secret_differs"
    http_status: ClassVar[int] = 503


class StoreNotOurs(StorageFault):
    """A folder is not the media store that the rows are about: its disk is not mounted, or it is another one."""

    code: ClassVar[str] = "store_not_ours"


NOT_OURS = (SecretDiffers, StoreNotOurs)
