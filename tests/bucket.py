"""A real object store as the media store of a test.

It is given as `GILFOYLE_TEST_S3_URL=http://KEY:SECRET@HOST:PORT/BUCKET`, a bucket that exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.files.storage import storages

from gilfoyle.lib.config import Config
from gilfoyle.lib.ids import random_text
from gilfoyle.lib.media_store import media_store, media_stores
from tests.services import service_url


@contextmanager
def own_bucket(settings: Any, *, prefix: str = "") -> Iterator[Any]:
    """Use a folder of its own in the bucket as the media store, and empty it afterwards."""
    url = urlsplit(service_url("an S3 store", "GILFOYLE_TEST_S3_URL"))
    s3 = {
        "bucket": url.path.strip("/"),
        "endpoint_url": f"{url.scheme}://{url.hostname}:{url.port}",
        "access_key_id": unquote(url.username or ""),
        "secret_access_key": unquote(url.password or ""),
        "prefix": f"{prefix}test-{random_text(8)}",
    }
    use_bucket(settings, s3)
    store: Any = storages["media"]
    yield store
    store.bucket.objects.filter(Prefix=store.location + "/").delete()


def use_bucket(settings: Any, s3: dict[str, str]) -> None:
    media = media_store(Config.model_validate({"storage": {"backend": "s3", "s3": s3}}))
    settings.STORAGES = {**settings.STORAGES, "media": media}


def use_stores(settings: Any, **storage: Any) -> Any:
    """Let the settings have several stores; returns them."""
    given = {"server": {"data_dir": str(settings.DATA_DIR)}, "storage": storage}
    config = Config.model_validate(given)
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": config.storage})
    settings.STORAGES = {**settings.STORAGES, **media_stores(config)}
    return config
