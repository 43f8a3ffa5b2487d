"""Where Django looks for the roof's own models."""

from __future__ import annotations

from gilfoyle.installation.models import InstallationFact
from gilfoyle.scheduling.models import Lease
from gilfoyle.staff.models import SignInTries, StaffTotp

__all__ = ["InstallationFact", "Lease", "SignInTries", "StaffTotp"]
