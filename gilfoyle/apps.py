from __future__ import annotations

import dramatiq
from django.apps import AppConfig
from django.conf import settings

from gilfoyle.lib.queue import make_broker


class GilfoyleConfig(AppConfig):
    """The roof; it sets the broker, once, for web and workers alike."""

    name = "gilfoyle"

    def ready(self) -> None:
        dramatiq.set_broker(make_broker(settings.BROKER_URL))
