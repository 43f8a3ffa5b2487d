from typing import Any

import pytest
from django.contrib.auth.models import User

from gilfoyle.staff.groups import make_groups
from tests.factories import make_account
from videos.audit.actors import Actor
from videos.moderation.policy import ALL_POWERS, Power
from videos.moderation.reviewers import (
    reviewer_of_house,
    reviewer_of_key,
    reviewer_of_operator,
    reviewer_of_user,
)

pytestmark = pytest.mark.django_db


def in_group(name: str, **more: Any) -> Any:
    from django.contrib.auth.models import Group  # noqa: PLC0415 - beside what makes them

    make_groups()
    user = User.objects.create_user(name, is_staff=True, **more)
    user.groups.add(Group.objects.get(name=name))
    return User.objects.get(pk=user.pk)


def test_staff_may_what_their_role_may() -> None:
    reviewer = reviewer_of_user(in_group("Reviewer"))
    assert reviewer.powers == {Power.REVIEW}
    assert reviewer.actor.startswith("staff:")
    senior = reviewer_of_user(in_group("Senior reviewer"))
    assert senior.powers == ALL_POWERS - {Power.SUSPEND, Power.HOLD_LEGALLY, Power.APPROVE}
    assert reviewer_of_user(in_group("Administrator")).powers == ALL_POWERS
    assert reviewer_of_user(in_group("Auditor")).powers == frozenset()


def test_who_left_may_nothing_superuser_or_not() -> None:
    for gone in ({"is_active": False}, {"is_staff": False}):
        user = User.objects.create_superuser(next(iter(gone)))
        User.objects.filter(pk=user.pk).update(**gone)
        user.refresh_from_db()
        assert reviewer_of_user(user).powers == frozenset()


def test_keys_have_no_powers_the_house_few_and_operators_all() -> None:
    assert reviewer_of_key(make_account().key).powers == frozenset()
    assert reviewer_of_house().powers == {Power.REVIEW, Power.FREEZE}
    assert not reviewer_of_house().is_person
    operator = reviewer_of_operator(Actor("operator", "op_1"))
    assert (operator.actor, operator.powers, operator.is_person) == ("operator:op_1", ALL_POWERS, True)
