from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gilfoyle.lib.config import Config
from streaming.exposure.models import ExposureTest
from streaming.exposure.selectors import get_last_test, get_standing

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
CONFIG = Config.model_validate({"safety": {"self_test_interval_s": 600}})


def run(outcome: str, *tries: tuple[str, str, str], ago_s: int = 60) -> ExposureTest:
    told = [{"name": name, "result": result, "where": where} for name, result, where in tries]
    return ExposureTest.objects.create(started_at=NOW - timedelta(seconds=ago_s), outcome=outcome, tries=told)


def standing(config: Config = CONFIG) -> Any:
    return get_standing(config, now=NOW)


def test_what_never_ran_is_not_known() -> None:
    assert get_last_test() is None
    assert (standing().state, standing().at) == ("unknown", None)


def test_what_is_switched_off_says_so() -> None:
    run("exposed")
    assert standing(Config.model_validate({"safety": {"self_test_interval_s": 0}})).state == "off"


def test_a_theft_is_told_in_words() -> None:
    run("exposed", ("right_token", "played", ""), ("forged", "stolen", "/play/~/a"))
    assert standing().state == "exposed"
    assert "with a forged token (/play/~/a)" in standing().words


def test_a_theft_stays_red_however_long_ago() -> None:
    run("exposed", ("forged", "stolen", "/a"), ago_s=10**6)
    assert standing().state == "exposed"


def test_what_could_not_be_run_says_why() -> None:
    run("passed", ago_s=120)
    run("inconclusive", ("right_token", "failed", "answered 502"))
    assert standing().state == "unknown"
    assert "with a right token (answered 502)" in standing().words
    run("inconclusive", ago_s=1)
    assert "nothing was tried" in standing().words


@pytest.mark.parametrize(("ago_s", "state"), [(60, "ok"), (1799, "ok"), (1801, "unknown")])
def test_a_pass_holds_for_a_while(ago_s: int, state: str) -> None:
    run("passed", ("forged", "refused", ""), ago_s=ago_s)
    assert standing().state == state
