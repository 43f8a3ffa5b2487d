import pytest
from django.db import IntegrityError, transaction

from tests.videos.fingerprints.bans import make_ban, make_list

pytestmark = pytest.mark.django_db


def test_a_list_has_a_hash_once_and_another_list_may_have_it_too() -> None:
    make_ban("a" * 64)
    make_ban("a" * 64, hash_list=make_list("other"))
    with pytest.raises(IntegrityError), transaction.atomic():
        make_ban("a" * 64)


def test_rows_say_what_they_are_without_a_whole_hash() -> None:
    assert str(make_ban("a" * 64)) == "sha256 aaaaaaaaaaaa"
    assert str(make_ban("b" * 64, reference="case 7")) == "sha256 case 7"
    assert str(make_list()) == "known"
