"""What was sent is forgotten where somebody asks to be: bodies and answers go, the log keeps that there was something."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
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
def forget_deliveries_about(*, project_id: str, subject_id: str) -> int:
    """Forget what was told of a thing, also where it was not sent yet; returns how many deliveries."""
    about = Delivery.objects.filter(project_id=project_id, subject_id=subject_id).exclude(body="")
    return _forget(about.exclude(event_type=TELLS_NOTHING).values_list("pk", flat=True))


@atomic
def forget_deliveries_naming(*, project_id: str, creator_id: str) -> int:
    """Forget what was told in which a creator's id stands; returns how many deliveries."""
    return _forget(_naming(project_id, creator_id))


def _forget(delivery_ids: Iterable[str]) -> int:
    found = list(delivery_ids)
    for start in range(0, len(found), ROWS_AT_ONCE):
        some = Delivery.objects.filter(pk__in=found[start : start + ROWS_AT_ONCE])
        DeliveryAttempt.objects.filter(delivery__in=some.values("pk")).update(response_body="")
        some.filter(status=states.WAITING).update(
            status=states.FAILED, error=FORGOTTEN, finished_at=timezone.now()
        )
        some.update(body="")
    return len(found)


def _naming(project_id: str, creator_id: str) -> Iterator[str]:
    spelt = json.dumps(creator_id, ensure_ascii=False)[1:-1]
    of_project = Delivery.objects.filter(project_id=project_id)
    bodies = of_project.filter(body__contains=spelt).order_by().values_list("pk", "body")
    for pk, body in bodies.iterator(chunk_size=ROWS_AT_ONCE):
        if any(is_named_in(text, creator_id) for text in _texts(json.loads(body))):
            yield pk
    answers = DeliveryAttempt.objects.filter(
        delivery__project_id=project_id, response_body__contains=creator_id
    )
    for pk, answer in answers.values_list("delivery", "response_body").iterator(chunk_size=ROWS_AT_ONCE):
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
