from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from gilfoyle.lib.config import Config
from streaming.exposure.models import ExposureTest
from streaming.exposure.schedule import ASK_EVERY, SETTLE, SelfTestSchedule, due_at

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
CONFIG = Config.model_validate({"safety": {"self_test_interval_s": 600}})


def ran(outcome: str, ago_s: int) -> None:
    ExposureTest.objects.create(started_at=NOW - timedelta(seconds=ago_s), outcome=outcome)


@pytest.mark.django_db
def test_the_first_run_is_due_at_once_and_then_every_interval() -> None:
    assert due_at(600, now=NOW) == NOW
    ran("passed", 100)
    assert due_at(600, now=NOW) == NOW + timedelta(seconds=500)
    ran("exposed", 50)
    assert due_at(600, now=NOW) == NOW + timedelta(seconds=550)


@pytest.mark.django_db
def test_what_could_not_be_run_is_tried_again_soon_but_once() -> None:
    ran("inconclusive", 10)
    assert due_at(600, now=NOW) == NOW + timedelta(seconds=50)
    assert due_at(30, now=NOW) == NOW + timedelta(seconds=20)
    ran("inconclusive", 0)
    assert due_at(600, now=NOW) == NOW + timedelta(seconds=600)


@pytest.mark.django_db(transaction=True)
def test_a_run_holds_up_no_other_sweep_and_none_runs_beside_it() -> None:
    begun, end, runs = threading.Event(), threading.Event(), []

    def run(config: Config) -> None:
        runs.append(config)
        begun.set()
        end.wait(60)

    schedule = SelfTestSchedule(CONFIG, run=run, settle=timedelta(0))
    assert schedule.sweep(now=NOW)
    assert begun.wait(60)
    assert not schedule.sweep(now=NOW + 2 * ASK_EVERY)
    end.set()
    schedule.wait()
    assert not schedule.sweep(now=NOW + ASK_EVERY / 2)
    assert schedule.sweep(now=NOW + 3 * ASK_EVERY)
    schedule.wait()
    assert runs == [CONFIG, CONFIG]


@pytest.mark.django_db(transaction=True)
def test_a_run_that_fails_is_tried_again() -> None:
    def fail(_config: Config) -> None:
        message = "what a day"
        raise ZeroDivisionError(message)

    schedule = SelfTestSchedule(CONFIG, run=fail, settle=timedelta(0))
    for turn in range(2):
        assert schedule.sweep(now=NOW + turn * 2 * ASK_EVERY)
        schedule.wait()


@pytest.mark.django_db(transaction=True)
def test_the_web_server_has_time_to_start() -> None:
    schedule = SelfTestSchedule(CONFIG, run=lambda _config: None)
    assert not schedule.sweep(now=NOW)
    assert not schedule.sweep(now=NOW + SETTLE / 2)
    assert schedule.sweep(now=NOW + SETTLE)
    schedule.wait()


def test_it_can_be_switched_off() -> None:
    off = Config.model_validate({"safety": {"self_test_interval_s": 0}})
    assert not SelfTestSchedule(off, run=lambda _config: None).sweep(now=NOW)
