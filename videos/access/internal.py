"""The projects that Gilfoyle keeps for its own tests of itself. No list, quota, count or choice shows them."""

from __future__ import annotations

CANARY_PROJECT_ID = "canary000000"  # owns a private video that nobody may ever get
STRANGER_PROJECT_ID = "canary000001"  # has keys of its own, and tries to
WHOLE_PATH_PROJECT_ID = "canary000002"  # whose clips go the whole way, from upload to play, and are deleted
INTERNAL_PROJECT_IDS = frozenset({CANARY_PROJECT_ID, STRANGER_PROJECT_ID, WHOLE_PATH_PROJECT_ID})
