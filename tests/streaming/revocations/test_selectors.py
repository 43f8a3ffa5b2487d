from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from streaming.errors import RevocationNotFound
from streaming.revocations.denials import SESSION, VIDEO, Denial
from streaming.revocations.selectors import get_revocation, list_denials, list_revocations
from streaming.revocations.services import Wanted, lift, revoke
from streaming.tokens.services import TokenLimits
from tests.factories import make_project

pytestmark = pytest.mark.django_db
HOUR_S = 3600


def end(project, subject, *, ago_s=0, before_s=None, kind=SESSION):
    now = timezone.now() - timedelta(seconds=ago_s)
    wanted = Wanted(kind, subject, before_s)
    return revoke(
        project_id=project.pk, wanted=wanted, limits=TokenLimits(60, HOUR_S, HOUR_S), now=now, by="test"
    )


def test_processes_are_told_all_or_what_is_new_with_one_query(django_assert_num_queries):
    project = make_project()
    end(project, "0" * 16, ago_s=2 * HOUR_S)
    end(project, "1" * 16, ago_s=600)
    end(project, "vid_x", before_s=7, kind=VIDEO)
    with django_assert_num_queries(1):
        all_of_them = list_denials()
    assert sorted(all_of_them, key=lambda one: one.subject) == [
        Denial(project.pk, SESSION, "1" * 16, None),
        Denial(project.pk, VIDEO, "vid_x", 7),
    ]
    with django_assert_num_queries(1):
        assert list_denials(60) == [Denial(project.pk, VIDEO, "vid_x", 7)]


def test_what_was_lifted_just_now_is_news_and_then_is_nothing():
    project = make_project()
    row = end(project, "1" * 16, ago_s=600)
    lift(revocation=row, now=timezone.now(), by="test")
    assert list_denials(60) == [Denial(project.pk, SESSION, "1" * 16, None, is_over=True)]
    assert list_denials() == []


def test_a_project_sees_its_own():
    mine, other = make_project(), make_project()
    row = end(mine, "1" * 16)
    over = end(mine, "2" * 16, ago_s=2 * HOUR_S)
    assert list(list_revocations(mine.pk)) == [row]
    assert get_revocation(project_id=mine.pk, revocation_id=row.pk) == row
    for project, revocation_id in ((other, row.pk), (mine, over.pk), (mine, "\0"), (mine, "rev_" + "0" * 18)):
        with pytest.raises(RevocationNotFound):
            get_revocation(project_id=project.pk, revocation_id=revocation_id)
