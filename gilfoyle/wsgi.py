"""The web door: stored media by the raw handler, everything else by Django."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gilfoyle.settings")
_django = get_wsgi_application()

from streaming.admission import admission  # noqa: E402  rows can be imported only after Django is set up
from streaming.delivery.raw import RawDelivery  # noqa: E402  the same

application = RawDelivery(_django, admission=admission, config=settings.GILFOYLE)
