from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from gilfoyle.installation.secret_key import adopt_secret
from gilfoyle.installation.stores import adopt_stores
from gilfoyle.stores.telling import StoreCommand
from videos.audit.services import record


class Command(StoreCommand):
    help = "Tell this installation that what it does not know is its own: a secret key or a media store in the place of one that is lost."

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

    def act(self, options: dict[str, Any]) -> int:
        actions = {"secret": self._secret, "store": self._store}
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
