"""Sessions of the admin in the database, each saved again where it lost a race: Django opens that transaction itself."""

from __future__ import annotations

from django.contrib.sessions.backends import db

from gilfoyle.lib.transactions import atomic


class SessionStore(db.SessionStore):
    @atomic
    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        super().save(must_create)
