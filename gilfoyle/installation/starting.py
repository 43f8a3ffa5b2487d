"""What is seen to before anything of Gilfoyle starts: that this is the installation that the rows are of."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import DatabaseError

from gilfoyle.installation.secret_key import require_secret
from gilfoyle.installation.stores import require_stores

log = structlog.get_logger(__name__)


def require_ours() -> None:
    """Raises: SecretDiffers, StoreNotOurs; the database's errors."""
    require_secret(settings.GILFOYLE_ROOT_SECRET)
    require_stores()


def require_ours_if_known() -> None:
    """Do the same; a database that is away, or without its tables, stops no start: nothing would then be up when it is back.

    What must not happen then is asked for again right before it: nobody wraps a key, or begins a folder of a store, who has not
    compared.

    Raises: SecretDiffers, StoreNotOurs.
    """
    try:
        require_ours()
    except DatabaseError as error:
        log.warning("installation_not_compared", error=str(error).strip())
