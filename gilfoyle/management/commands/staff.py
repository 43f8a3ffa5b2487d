from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser

from gilfoyle.lib.errors import Refusal
from gilfoyle.staff import services, two_factor
from gilfoyle.staff.groups import role_in_words
from gilfoyle.staff.roles import ROLES

ROLE_CODES = ", ".join(role.code for role in ROLES)


class Command(BaseCommand):
    help = "List, add and shut accounts of the admin's staff, change their roles, help after a lost phone."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("list", help="Who has which role, and who signed in last when.")
        add = actions.add_parser("add", help="Make an account; its password is printed this once.")
        add.add_argument("name")
        add.add_argument("--role", required=True, help=ROLE_CODES)
        change = actions.add_parser("set_role", help="Give an account another role; it is signed out.")
        change.add_argument("name")
        change.add_argument("role", help=ROLE_CODES)
        reset = actions.add_parser("reset_two_factor", help="Take away a second factor that was lost.")
        reset.add_argument("name")
        known = actions.add_parser(
            "let_in", help="Print an address that lets a new browser sign in while others guess at the name."
        )
        known.add_argument("name")
        shut = actions.add_parser("deactivate", help="Shut an account at once, wherever it is signed in.")
        shut.add_argument("name")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except Refusal as refusal:
            self.stderr.write(f"{refusal.message} {refusal.hint}".strip())
            sys.exit(1)

    def _list(self, _options: dict[str, Any]) -> None:
        rows = [("NAME", "ROLE", "SECOND FACTOR", "LAST SIGN-IN", "")]
        protected = two_factor.list_protected()
        rows += [_row(user, has_factor=user.pk in protected) for user in services.list_staff()]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            self.stdout.write("  ".join([*cells, row[4]]).rstrip())

    def _add(self, options: dict[str, Any]) -> None:
        made = services.add_staff(name=options["name"], role=services.get_role(code=options["role"]))
        self.stdout.write(f"{made.user.get_username()}  {made.password}")
        self.stdout.write("The password is shown this once. Have it changed at the first sign-in.")

    def _set_role(self, options: dict[str, Any]) -> None:
        user, role = services.get_staff(name=options["name"]), services.get_role(code=options["role"])
        services.set_role(user=user, role=role)
        self.stdout.write(f"{user.get_username()}: {role.name}. Signed out wherever it was signed in.")

    def _reset_two_factor(self, options: dict[str, Any]) -> None:
        user = services.get_staff(name=options["name"])
        had_one = services.reset_two_factor(user=user)
        words = "has no second factor any more" if had_one else "had no second factor"
        self.stdout.write(f"{user.get_username()} {words}. Signed out wherever it was signed in.")

    def _let_in(self, options: dict[str, Any]) -> None:
        address = services.let_in(user=services.get_staff(name=options["name"]))
        self.stdout.write(f"{settings.GILFOYLE.public_url}{address}")
        self.stdout.write(
            "Open it within 15 minutes, in the browser to sign in with. Password (and code) are asked."
        )

    def _deactivate(self, options: dict[str, Any]) -> None:
        user = services.get_staff(name=options["name"])
        services.deactivate(user=user)
        self.stdout.write(f"{user.get_username()} is shut.")


def _row(user: User, *, has_factor: bool) -> tuple[str, str, str, str, str]:
    last = f"{user.last_login:%Y-%m-%d}" if user.last_login else "never"
    factor = "yes" if has_factor else "no"
    return user.get_username(), role_in_words(user), factor, last, "" if user.is_active else "shut"
