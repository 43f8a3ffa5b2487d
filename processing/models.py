"""The rows of this app, re-exported for Django alone."""

from __future__ import annotations

from processing.jobs.models import Job, Step

__all__ = ["Job", "Step"]
