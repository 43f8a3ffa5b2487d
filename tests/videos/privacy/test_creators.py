import pytest

from gilfoyle.lib.errors import InvalidInput
from tests.factories import make_project
from videos.privacy.creators import find_creator

pytestmark = pytest.mark.django_db


def test_a_project_is_named_by_name_or_id() -> None:
    project = make_project("Shop")
    named = find_creator(project="Shop", creator_id="user-17")
    assert named.project == find_creator(project=project.pk, creator_id="user-17").project
    assert named.pseudonym != find_creator(project="Shop", creator_id="user-18").pseudonym
    for wrong in (("Forum", "user-17"), ("\0", "user-17"), ("Shop", ""), ("Shop", "x" * 256), ("Shop", "\0")):
        with pytest.raises(InvalidInput):
            find_creator(project=wrong[0], creator_id=wrong[1])
