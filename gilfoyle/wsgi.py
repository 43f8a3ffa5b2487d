"""The web door: stored media by the raw handler, everything else by Django, and no patience without end."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from gilfoyle.lib.databases import limit_waiting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gilfoyle.settings")
limit_waiting(settings.DATABASES, settings.GILFOYLE.database)
_django = get_wsgi_application()

from streaming.admission import (  # noqa: E402  rows can be imported only after Django is set up
    admission,
    sends,
    watch,
)
from streaming.counting.counter import get_counter  # noqa: E402  the same
from streaming.delivery.raw import RawDelivery  # noqa: E402  the same

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_patience_s = settings.GILFOYLE.upload.lease_s
_dispatch = RawDelivery(
    _django, admission=admission, sends=sends, config=settings.GILFOYLE, counter=get_counter()
)


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request; a client that neither sends nor takes a byte for an upload's lease loses its connection."""
    connection = environ.get("gunicorn.socket")
    if connection is not None:  # without a time-out, one lost phone would keep its thread for ever
        connection.settimeout(_patience_s)
    watch.stir()
    return _dispatch(environ, start_response)
