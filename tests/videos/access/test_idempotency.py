from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import Error, transaction
from django.utils import timezone

from tests.factories import Account, make_account, make_video
from videos.access import idempotency
from videos.access.idempotency import (
    Claim,
    claim_key,
    forget_idempotency_keys,
    keep_answer,
    release_key,
    renew_claim,
)
from videos.access.idempotency_keys import KeptKey
from videos.access.models import IdempotencyRecord, Project
from videos.catalog.models import Video
from videos.errors import IdempotencyKeyInUse, IdempotencyKeyReused

pytestmark = pytest.mark.django_db


def key_of(account: Account, text: str = "key") -> KeptKey:
    return KeptKey.of(text, project_id=account.project.pk, root_secret=settings.GILFOYLE_ROOT_SECRET)


def claim(account: Account, text: str = "key", *, fingerprint: str = "f", ttl_s: float = 60) -> Claim | bytes:
    key = key_of(account, text)
    return claim_key(project_id=account.project.pk, key=key, fingerprint=fingerprint, ttl_s=ttl_s)


def owned(account: Account) -> Claim:
    taken = claim(account)
    assert isinstance(taken, Claim)
    return taken


@transaction.atomic
def create_and_keep(account: Account, taken: Claim) -> None:
    make_video(account.project)
    keep_answer(claim=taken, answer=b"doubled")


def end_lease(*, ago_s: float = 0) -> None:
    IdempotencyRecord.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=ago_s))


def test_the_first_has_the_turn_and_all_others_get_its_answer(account: Account) -> None:
    keep_answer(claim=owned(account), answer=b"made")
    assert claim(account) == b"made"
    assert claim(account) == b"made"
    assert isinstance(claim(account, "other"), Claim)


def test_a_key_at_work_is_in_use(account: Account) -> None:
    owned(account)
    with pytest.raises(IdempotencyKeyInUse) as refused:
        claim(account)
    assert refused.value.retry_after_s == 1


def test_what_takes_long_keeps_its_key_until_another_one_has_it(account: Account) -> None:
    mine = owned(account)
    end_lease()
    renew_claim(claim=mine)
    with pytest.raises(IdempotencyKeyInUse):
        claim(account)
    end_lease()
    assert isinstance(claim(account), Claim)
    with pytest.raises(IdempotencyKeyInUse):
        renew_claim(claim=mine)


def test_another_request_under_the_key_is_refused_at_work_and_after(account: Account) -> None:
    taken = owned(account)
    for _ in range(2):
        with pytest.raises(IdempotencyKeyReused):
            claim(account, fingerprint="g")
        IdempotencyRecord.objects.filter(answer=None).update(answer=taken.key.seal(b"made"))


def test_keys_of_projects_have_nothing_to_do_with_each_other(account: Account) -> None:
    keep_answer(claim=owned(account), answer=b"made")
    assert isinstance(claim(make_account()), Claim)


def test_a_key_under_which_nothing_was_created_is_free(account: Account) -> None:
    release_key(claim=owned(account))
    assert isinstance(claim(account, fingerprint="g"), Claim)


def test_to_release_takes_no_answer_away(account: Account) -> None:
    taken = owned(account)
    keep_answer(claim=taken, answer=b"made")
    release_key(claim=taken)
    assert claim(account) == b"made"


def test_what_can_not_be_released_ends_by_itself(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise Error

    taken = owned(account)
    monkeypatch.setattr(IdempotencyRecord.objects, "filter", broken)
    release_key(claim=taken)


def test_a_dead_ones_turn_is_given_away_and_what_it_still_does_is_undone(account: Account) -> None:
    slow = owned(account)
    end_lease()
    quick = owned(account)
    assert quick.owner != slow.owner
    with pytest.raises(IdempotencyKeyInUse):
        create_and_keep(account, slow)
    assert not Video.objects.exists()
    keep_answer(claim=quick, answer=b"made")
    release_key(claim=slow)
    assert claim(account) == b"made"


def test_a_slow_one_whose_turn_nobody_took_has_it_still(account: Account) -> None:
    slow = owned(account)
    end_lease()
    keep_answer(claim=slow, answer=b"made")
    assert claim(account) == b"made"


def test_of_two_who_find_a_dead_one_one_takes_over(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    owned(account)
    end_lease()
    take_over = idempotency._take_over

    def after_another(found: IdempotencyRecord, mine: IdempotencyRecord, key: KeptKey) -> Claim:
        IdempotencyRecord.objects.update(owner="another", lease_expires_at=timezone.now())
        return take_over(found, mine, key)

    monkeypatch.setattr(idempotency, "_take_over", after_another)
    with pytest.raises(IdempotencyKeyInUse):
        claim(account)


def test_an_answer_that_came_at_the_last_moment_is_not_overwritten(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = owned(account)
    end_lease()
    take_over = idempotency._take_over

    def after_the_answer(found: IdempotencyRecord, mine: IdempotencyRecord, key: KeptKey) -> Claim:
        keep_answer(claim=slow, answer=b"made")
        return take_over(found, mine, key)

    monkeypatch.setattr(idempotency, "_take_over", after_the_answer)
    with pytest.raises(IdempotencyKeyInUse):
        claim(account)
    assert IdempotencyRecord.objects.get().owner == slow.owner


def test_after_its_time_a_key_is_new(account: Account) -> None:
    keep_answer(claim=owned(account), answer=b"made")
    IdempotencyRecord.objects.update(expires_at=timezone.now())
    again = claim(account, fingerprint="g")
    assert isinstance(again, Claim)
    keep_answer(claim=again, answer=b"made anew")
    assert claim(account, fingerprint="g") == b"made anew"


def test_a_record_that_is_swept_at_that_moment_is_in_use(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IdempotencyRecord.objects, "bulk_create", lambda *_, **__: [])
    with pytest.raises(IdempotencyKeyInUse):
        claim(account)


def test_old_ones_and_the_dead_are_swept(account: Account) -> None:
    keep_answer(claim=owned(account), answer=b"made")
    claim(account, "at work")
    assert forget_idempotency_keys() == 0
    end_lease(ago_s=idempotency.LEASE_S)
    assert forget_idempotency_keys() == 1
    assert claim(account) == b"made"
    IdempotencyRecord.objects.update(expires_at=timezone.now())
    assert forget_idempotency_keys() == 1
    assert not IdempotencyRecord.objects.exists()


def test_they_go_with_their_project(account: Account) -> None:
    owned(account)
    Project.objects.filter(pk=account.project.pk).delete()
    assert not IdempotencyRecord.objects.exists()
