"""What the tests of imports share: an allowance for the loopback address, and files that are offered there."""

from __future__ import annotations

import os
from typing import Any

from gilfoyle.lib.import_settings import ImportSettings
from tests.file_server import FileServer
from videos.catalog.models import Video
from videos.imports.models import Import
from videos.imports.services import start_import

DATA = os.urandom(700_000)


def allow_loopback(settings: Any, server: FileServer | None = None, **others: Any) -> None:
    """Let imports reach this machine, as an operator lets them reach a network of its own."""
    ports = (80, 443) if server is None else (server.port,)
    imports = ImportSettings.model_validate({"private_networks": ["127.0.0.0/8"], "ports": ports, **others})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"imports": imports})


def begin(video: Video, url: str, settings: Any) -> Import:
    return start_import(video=video, source_url=url, config=settings.GILFOYLE)
