"""Where Django looks for the roof's own models."""

from __future__ import annotations

from gilfoyle.staff.models import SignInTries, StaffTotp

__all__ = ["SignInTries", "StaffTotp"]
