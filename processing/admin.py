"""Where Django looks for this app's admin; the pages live in their room."""

from __future__ import annotations

from processing.jobs.admin import JobAdmin, StepAdmin

__all__ = ["JobAdmin", "StepAdmin"]
