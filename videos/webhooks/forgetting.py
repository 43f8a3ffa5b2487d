"""What was sent is forgotten where somebody asks to be: bodies and answers go, the log keeps that there was something."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from videos.access.pseudonyms import is_named_in
from videos.webhooks import states
from videos.webhooks.models import Delivery, DeliveryAttempt
from videos.webhooks.services import FORGOTTEN

ROWS_AT_ONCE = 200
TELLS_NOTHING = "video.deleted"  # an id alone, which is to be told


@atomic
def forget_deliveries_about(*, project_id: str, subject_ids: Sequence[str]) -> int:
    """Forget what was told of these things, also where it was not sent yet; returns how many deliveries."""
    told = Delivery.objects.filter(project_id=project_id).exclude(body="").exclude(event_type=TELLS_NOTHING)
    forgotten = 0
    for start in range(0, len(subject_ids), ROWS_AT_ONCE):
        about = told.filter(subject_id__in=subject_ids[start : start + ROWS_AT_ONCE])
        forgotten += _forget(list(about.values_list("pk", flat=True)))
    return forgotten


def forget_deliveries_naming(
    *, project_id: str, creator_id: str, at_work: Callable[[], None] | None = None
) -> int:
    """Forget what was told in which a creator's id stands; returns how many deliveries.

    All that a project was told is read for it: page by page, each in a transaction of its own, `at_work` before each.
    """
    of_project = Delivery.objects.filter(project_id=project_id).order_by("pk").values_list("pk", flat=True)
    last, forgotten = "", 0
    while page := list(of_project.filter(pk__gt=last)[:ROWS_AT_ONCE]):
        if at_work is not None:
            at_work()
        forgotten += _forget_naming(page, creator_id)
        last = page[-1]
    return forgotten


@atomic
def _forget_naming(page: list[str], creator_id: str) -> int:
    return _forget(list(dict.fromkeys(_naming(page, creator_id))))


def _forget(found: Sequence[str]) -> int:
    for start in range(0, len(found), ROWS_AT_ONCE):
        some = Delivery.objects.filter(pk__in=found[start : start + ROWS_AT_ONCE])
        some.filter(status=states.WAITING).update(
            status=states.FAILED, error=FORGOTTEN, finished_at=timezone.now()
        )
        # Before the answers: who is just being answered waits for this, and then sees that it was forgotten.
        some.update(body="")
        DeliveryAttempt.objects.filter(delivery__in=some.values("pk")).update(response_body="")
    return len(found)


def _naming(page: list[str], creator_id: str) -> Iterator[str]:
    spelt = json.dumps(creator_id, ensure_ascii=False)[1:-1]
    bodies = Delivery.objects.filter(pk__in=page, body__contains=spelt).order_by().values_list("pk", "body")
    for pk, body in bodies:
        if any(is_named_in(text, creator_id) for text in _texts(json.loads(body))):
            yield pk
    answers = DeliveryAttempt.objects.filter(delivery__in=page, response_body__contains=creator_id)
    for pk, answer in answers.values_list("delivery", "response_body"):
        if is_named_in(answer, creator_id):
            yield pk


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for name, value in told.items():
            yield name
            yield from _texts(value)
    elif isinstance(told, list):
        for value in told:
            yield from _texts(value)
