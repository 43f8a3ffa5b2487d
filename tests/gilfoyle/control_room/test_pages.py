import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from gilfoyle.control_room.pages import list_urls

pytestmark = pytest.mark.django_db


def test_every_page_of_the_control_room_is_for_staff_alone() -> None:
    for one in list_urls(admin.site):
        assert Client().get(reverse(f"admin:{one.name}")).status_code == 302


def test_the_box_stands_on_every_page(admin_client: Client) -> None:
    assert (
        reverse("admin:find") in admin_client.get(reverse("admin:videos_video_changelist")).content.decode()
    )
