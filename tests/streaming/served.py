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

# isort: split
from gilfoyle.installation import starting  # noqa: E402  rows can be imported only after Django is set up
from gilfoyle.lib.store_marks import ask_before_storing  # noqa: E402  the same

# A test's rows name what does not lie in its store.
starting.require_ours_if_known = lambda: None
ask_before_storing(lambda _root: None)

__all__ = ["application"]
