"""What keeps Gilfoyle from starting, because it may be another one's."""

from __future__ import annotations

from typing import ClassVar

from gilfoyle.lib.errors import Fault


class SecretDiffers(Fault):
    """The root secret is not the one that the keys in the database are wrapped under."""

    code: ClassVar[str] = "secret_differs"
    http_status: ClassVar[int] = 503
