"""The product's own WSGI application on a test's database and media, for a real web server in a process of its own.

`TEST_DATABASE_NAME` and `TEST_MEDIA_FOLDER` say where these are; everything else is gilfoyle.settings.
"""

from __future__ import annotations

import os

from gilfoyle import settings

settings.DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE_NAME"]
settings.STORAGES["media"] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": os.environ["TEST_MEDIA_FOLDER"]},
}

from gilfoyle.wsgi import application  # noqa: E402  Django reads the settings as they are now

__all__ = ["application"]
