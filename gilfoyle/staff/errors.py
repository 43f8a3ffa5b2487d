"""What can go wrong with accounts of staff, in words."""

from __future__ import annotations

from gilfoyle.lib.errors import Conflict, InvalidInput, NotFound


class StaffNotFound(NotFound):
    code = "staff_not_found"


class NameTaken(Conflict):
    code = "staff_name_taken"


class NameUnusable(InvalidInput):
    code = "staff_name_unusable"


class RoleUnknown(InvalidInput):
    code = "staff_role_unknown"


class LastAdministrator(Conflict):
    """Nobody would be left who can look after the staff."""

    code = "last_administrator"
