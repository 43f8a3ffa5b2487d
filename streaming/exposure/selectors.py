"""How the last exposure self-test stands, for whoever shows or asks it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gilfoyle.lib.config import Config
from streaming.exposure.models import EXPOSED, INCONCLUSIVE, ExposureTest
from streaming.exposure.tries import FAILED, NOT_REACHED, STOLEN

LATE_AFTER = 3  # intervals without a run
State = Literal["ok", "exposed", "unknown", "off"]
WORDS = {
    "right_token": "with a right token",
    "right_api_key": "with a right API key",
    "bucket_signed": "from the bucket by a signed address",
    "no_token": "without a token",
    "malformed": "with a token that is none",
    "forged": "with a forged token",
    "foreign": "with a token of another project's key",
    "expired": "with an expired token",
    "other_video": "with another video's token",
    "revoked": "with a token of a revoked key",
    "guessed_path": "by guessing the paths of its files",
    "listing": "from a listing of folders",
    "other_projects_key": "with another project's API key",
    "no_api_key": "from the API without a key",
    "cdn_address": "from the CDN without a right signature",
    "bucket_address": "from the bucket's own address",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of exposure now: the state, in words, and what to do."""

    state: State
    words: str
    hint: str = ""
    at: datetime | None = None


def get_last_test() -> ExposureTest | None:
    """Return the latest run."""
    return ExposureTest.objects.order_by("-started_at").first()


def get_standing(config: Config, *, now: datetime) -> Standing:
    """Return how the last run stands; what could not be run, or was not for long, is never "ok"."""
    interval_s = config.safety.self_test_interval_s
    if not interval_s:
        return Standing("off", "the self-test is switched off (safety.self_test_interval_s)")
    last = get_last_test()
    if last is None:
        hint = "The scheduler runs it a quarter of a minute after it has started; does it run?"
        return Standing("unknown", "the self-test has not run yet", hint)
    if last.outcome == EXPOSED:
        ways = list_words(last, STOLEN)
        text = f"a private video of our own could be taken {' and '.join(ways)}"
        return Standing("exposed", text, "Close that at once: every video is as open.", last.started_at)
    if last.outcome == INCONCLUSIVE:
        return Standing("unknown", f"the self-test could not be run: {explain(last)}", HINT, last.started_at)
    if now - last.started_at > timedelta(seconds=LATE_AFTER * interval_s):
        text = f"the self-test last ran on {last.started_at:%Y-%m-%d at %H:%M} UTC"
        return Standing("unknown", text, "The scheduler runs it; does it run?", last.started_at)
    return Standing(
        "ok", f"a private video could be taken by none of {len(last.tries)} ways", at=last.started_at
    )


HINT = "The scheduler must reach server.public_url, or safety.self_test_url."


def list_words(test: ExposureTest, result: str) -> list[str]:
    """Return in words the tries that came to a result, with where that was."""
    found = (one for one in test.tries if one["result"] == result)
    return [f"{WORDS.get(one['name'], one['name'])} ({one['where']})" for one in found]


def explain(test: ExposureTest) -> str:
    """Return why a run could not be concluded."""
    return "; ".join([*list_words(test, FAILED), *list_words(test, NOT_REACHED)][:3]) or "nothing was tried"
