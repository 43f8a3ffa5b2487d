import pytest

from gilfoyle.lib.errors import InvalidInput
from tests.factories import make_project
from tests.videos.moderation.making import make_playing
from tests.videos.privacy.making import make_creator
from videos.privacy.erasing import erase_creator
from videos.privacy.proving import prove

pytestmark = pytest.mark.django_db


def test_a_receipt_that_was_changed_or_is_another_s_proves_nothing() -> None:
    project = make_project()
    creator, other = make_creator("user-17", project), make_creator("user-18", project)
    make_playing(project, creator_id="user-17")
    told = erase_creator(creator).to_json()
    assert prove(creator, told).is_recorded
    assert not prove(creator, told | {"counts": {"videos": 99}}).is_recorded
    assert not prove(creator, told | {"entry": 10**30}).is_recorded
    for wrong in ({}, told | {"v": 2}, told | {"pseudonym": "erased_0"}):
        with pytest.raises(InvalidInput):
            prove(creator, wrong)
    with pytest.raises(InvalidInput):
        prove(other, told)
