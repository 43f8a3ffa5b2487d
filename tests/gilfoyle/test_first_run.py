import pytest
from django.contrib.auth import authenticate, get_user_model

from gilfoyle.first_run import ADMINISTRATOR, FIRST_PROJECT, make_first_access, prepare_database
from tests.factories import api_client
from videos.access.models import ApiKey, Project
from videos.access.services import create_project

pytestmark = pytest.mark.django_db


def test_first_access_works() -> None:
    access = make_first_access()
    user = authenticate(username=ADMINISTRATOR, password=access.password)
    assert user is not None
    assert user.is_superuser
    assert access.api_key
    assert ApiKey.objects.get().prefix in access.api_key
    assert Project.objects.get().name == FIRST_PROJECT


def test_second_run_makes_and_tells_nothing() -> None:
    make_first_access()
    again = make_first_access()
    assert (again.password, again.api_key) == (None, None)
    assert (get_user_model().objects.count(), ApiKey.objects.count()) == (1, 1)


def test_passwords_differ() -> None:
    first = make_first_access()
    get_user_model().objects.all().delete()
    assert make_first_access().password != first.password


def test_renamed_administrator_is_left_alone() -> None:
    get_user_model().objects.create_superuser(username="jana", email="", password="long enough for a test")
    access = make_first_access()
    assert access.password is None
    assert list(get_user_model().objects.values_list("username", flat=True)) == ["jana"]


def test_ordinary_user_of_that_name_gets_no_powers() -> None:
    get_user_model().objects.create_user(username=ADMINISTRATOR, password="long enough for a test")
    assert make_first_access().password is None
    assert not get_user_model().objects.filter(is_superuser=True).exists()


def test_where_there_are_projects_no_key_is_made() -> None:
    create_project(name="Films")
    assert make_first_access().api_key is None
    assert not ApiKey.objects.exists()


def test_key_opens_the_api() -> None:
    assert api_client(make_first_access().api_key).get("/api/v1/account").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_tables_are_brought_up_to_date_first() -> None:
    assert prepare_database().api_key
