"""Public ids: random text that is also the primary key, so that a row has one name everywhere.

Random rather than sequential: ids can't be counted, and inserts spread over the ranges of a distributed database.
"""

from __future__ import annotations

import re
import secrets
import string

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
BASE36 = string.digits + string.ascii_lowercase
ID_LENGTH = 22
REVISION_LENGTH = 16
PROJECT_ID_LENGTH = 12
_SHAPE = re.compile(rf"[a-z]{{3}}_[0-9A-Za-z]{{{ID_LENGTH - 4}}}|case_[0-9A-Za-z]{{{ID_LENGTH - 5}}}")


def random_text(length: int, alphabet: str = BASE62) -> str:
    """Return `length` unguessable characters of the alphabet."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def is_id(text: str) -> bool:
    """Tell whether a stranger's text has the shape of an id; what has not need not be looked for."""
    return _SHAPE.fullmatch(text) is not None


def _prefixed(prefix: str) -> str:
    return f"{prefix}_{random_text(ID_LENGTH - len(prefix) - 1)}"


def new_project_id() -> str:
    return random_text(PROJECT_ID_LENGTH, BASE36)


def new_key_id() -> str:
    return _prefixed("key")


def new_video_id() -> str:
    return _prefixed("vid")


def new_upload_id() -> str:
    return _prefixed("upl")


def new_grant_id() -> str:
    return _prefixed("upg")


def new_revocation_id() -> str:
    return _prefixed("rev")


def new_rendition_id() -> str:
    return _prefixed("ren")


def new_run_id() -> str:
    return _prefixed("run")


def new_image_set_id() -> str:
    return _prefixed("img")


def new_track_id() -> str:
    return _prefixed("trk")


def new_job_id() -> str:
    return _prefixed("job")


def new_import_id() -> str:
    return _prefixed("imp")


def new_step_id() -> str:
    return _prefixed("stp")


def new_report_id() -> str:
    return _prefixed("rep")


def new_case_id() -> str:
    return _prefixed("case")


def new_case_note_id() -> str:
    return _prefixed("nte")


def new_decision_id() -> str:
    return _prefixed("dec")


def new_restriction_id() -> str:
    return _prefixed("rst")


def new_appeal_id() -> str:
    return _prefixed("apl")


def new_strike_id() -> str:
    return _prefixed("stk")


def new_purge_id() -> str:
    return _prefixed("pur")


def new_lift_id() -> str:
    return _prefixed("lft")


def new_freeze_id() -> str:
    return _prefixed("frz")


def new_standing_id() -> str:
    return _prefixed("stg")


def new_allowance_id() -> str:
    return _prefixed("alw")


def new_rule_hit_id() -> str:
    return _prefixed("hit")


def new_rule_stop_id() -> str:
    return _prefixed("rls")


def new_revision() -> str:
    return random_text(REVISION_LENGTH)


def new_hash_list_id() -> str:
    return _prefixed("hls")


def new_ban_id() -> str:
    return _prefixed("ban")


def new_match_id() -> str:
    return _prefixed("fpm")


def new_endpoint_id() -> str:
    return _prefixed("whe")


def new_endpoint_secret_id() -> str:
    return _prefixed("whs")


def new_delivery_id() -> str:
    return _prefixed("msg")
