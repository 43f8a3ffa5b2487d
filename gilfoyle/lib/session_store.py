"""Sessions of the admin in the database, each saved again where it lost a race: Django opens that transaction itself."""

from __future__ import annotations

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError

from gilfoyle.lib.transactions import atomic, is_lost_race


class SessionStore(db.SessionStore):
    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        self._save(self.session_key, must_create=must_create)

    @atomic
    def _save(self, key: str | None, *, must_create: bool) -> None:
        self._session_key = key  # a try that lost has chosen one, under which there is nothing
        try:
            super().save(must_create)
        except UpdateError as error:
            # Django's word for whatever the database says of a change; that it was a race only what came before tells.
            lost = error.__context__
            if lost is None or not is_lost_race(lost):
                raise
            raise lost from lost.__cause__
