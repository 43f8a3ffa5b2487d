"""`/metrics`: what this machine's processes have counted and what rows tell, as text for Prometheus.

On the web server's own address there is no such page, unless the settings say so; then it asks for the token.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from gilfoyle.lib.config import Config
from gilfoyle.observability import counting
from gilfoyle.observability.figures import GROUPS, READABLE
from gilfoyle.observability.reading import Figures

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SCHEME = "bearer "


@cache
def get_figures() -> Figures:
    """Return what this process knows of rows."""
    return Figures()


class RowCollector:
    """Gives what rows tell to the library that writes it."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Tell nothing without being asked: a registry that is being made is no reason to read rows."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield each figure that could be read."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - loaded by whoever is scraped alone

        found = self._figures.get()
        for figure in (*(one for group in GROUPS for one in group.figures), READABLE):
            if figure.name in found:
                family = GaugeMetricFamily(figure.name, figure.words, labels=list(figure.labels))
                for values, amount in found[figure.name]:
                    family.add_metric(list(values), amount)
                yield family


def write_metrics() -> bytes:
    """Return the whole page."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - as above

    registry = CollectorRegistry()
    files = counting.get_files()
    if files is not None:
        files.add_to(registry)
    registry.register(RowCollector(get_figures()))
    return generate_latest(registry)


def may_scrape(config: Config, authorization: str) -> bool:
    """Tell whether who sends this header may have the figures."""
    token = config.observability.metrics.token.get_secret_value()
    if not token:
        return True
    shown = authorization[len(_SCHEME) :] if authorization.lower().startswith(_SCHEME) else ""
    return hmac.compare_digest(shown.strip().encode(errors="replace"), token.encode())


def public_metrics(request: HttpRequest) -> HttpResponse:
    """Answer on the address of the videos, where that is allowed.

    Raises: Http404.
    """
    wanted = settings.GILFOYLE.observability.metrics
    if not (wanted.enabled and wanted.on_public_port and wanted.token.get_secret_value()):
        raise Http404
    if not may_scrape(settings.GILFOYLE, request.headers.get("Authorization", "")):
        headers = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
        return HttpResponse(
            "The token of observability.metrics.token is needed.\n", status=401, headers=headers
        )
    return HttpResponse(write_metrics(), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})
