from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from gilfoyle.backups.put_back import note_put_back
from gilfoyle.backups.sparing import SPARED_FOR
from gilfoyle.installation.secret_key import adopt_secret
from gilfoyle.installation.stores import adopt_stores
from gilfoyle.stores.telling import StoreCommand
from videos.audit.actors import current_actor
from videos.audit.chain import in_words
from videos.audit.services import record
from videos.moderation.reviewers import reviewer_of_operator


class Command(StoreCommand):
    help = "Tell this installation that what it does not know is its own: a secret key or a media store in the place of one that is lost, or rows that were put back."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        secret = actions.add_parser(
            "secret", help="The secret key of this server is the installation's from now on."
        )
        secret.add_argument(
            "--even-so",
            action="store_true",
            help="Also where it does not open what is stored: that stays unreadable for as long as it is so.",
        )

        store = actions.add_parser(
            "store", help="The folders of the media store are the installation's from now on."
        )
        store.add_argument(
            "--even-so", action="store_true", help="Also where nothing is in them of what the database names."
        )

        rows = actions.add_parser(
            "rows",
            help="The database was put back to an older state by other means than restore: let the sweeps and gc spare what "
            "came since. Before anything starts.",
        )
        rows.add_argument(
            "--as-of", required=True, type=_moment, metavar="TIME", help="To which, as 2026-11-30T03:00:00Z."
        )

    def act(self, options: dict[str, Any]) -> int:
        actions = {"secret": self._secret, "store": self._store, "rows": self._rows}
        return actions[options["action"]](options)

    def _secret(self, options: dict[str, Any]) -> int:
        adopted = adopt_secret(settings.GILFOYLE_ROOT_SECRET, even_so=options["even_so"])
        told = {"even_so": options["even_so"]}
        record("installation.adopted", object_type="secret", object_id=adopted, data=told)
        self.stdout.write(f"The secret key {adopted} is this installation's from now on.")
        return 0

    def _store(self, options: dict[str, Any]) -> int:
        told = {"even_so": options["even_so"]}
        for root in adopt_stores(even_so=options["even_so"]):
            record("installation.adopted", object_type="store", object_id="", data=told)
            self.stdout.write(f"The folder {root} is a media store of this installation's from now on.")
        return 0

    def _rows(self, options: dict[str, Any]) -> int:
        for line in note_put_back(options["as_of"], by=reviewer_of_operator(current_actor())):
            self.stdout.write(line)
        self.stdout.write(
            f"Spared for {SPARED_FOR.days} days. gc removes nothing that came after {in_words(options['as_of'])} without --even-so."
        )
        return 0


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"must be a moment as 2026-11-30T03:00:00Z, not {text!r}"
        raise ArgumentTypeError(message) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
