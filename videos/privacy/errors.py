"""What can keep a privacy request from being done, in words."""

from __future__ import annotations

from gilfoyle.lib.errors import Conflict


class CreatorUnderReview(Conflict):
    """What was reported of somebody is looked at first."""

    code = "creator_under_review"
