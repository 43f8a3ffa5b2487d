import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import unfold
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory
from django.urls import reverse

from gilfoyle.admin_theme import NAVIGATION, UNFOLD


def theme_files() -> Iterator[Path]:
    found = finders.find("gilfoyle/admin.css")
    assert isinstance(found, str)
    yield from Path(found).parent.iterdir()


@pytest.mark.parametrize("key", ["SITE_ICON"])
def test_our_files_are_there(key: str) -> None:
    request = RequestFactory().get("/")
    addresses = [UNFOLD[key](request), *(one(request) for one in [*UNFOLD["STYLES"], *UNFOLD["SCRIPTS"]])]
    addresses += [icon["href"](request) for icon in UNFOLD["SITE_FAVICONS"]]
    for address in addresses:
        assert finders.find(address.removeprefix("/static/")), address


def test_icons_and_letters_are_the_theme_s_own_files() -> None:
    fonts = Path(unfold.__file__).parent / "static" / "unfold" / "fonts"
    for sheet in fonts.rglob("*.css"):
        for address in re.findall(r"url\(([^)]*)\)", sheet.read_text()):
            assert (sheet.parent / address.strip("'\"")).is_file(), address


def test_our_files_name_no_other_host() -> None:
    for file in theme_files():
        named = set(re.findall(r"https?://[^\s\"')]+", file.read_text()))
        assert named <= {"http://www.w3.org/2000/svg"}, file


@pytest.mark.django_db
def test_navigation_leads_somewhere(admin_client: Client) -> None:
    for group in NAVIGATION:
        for item in group["items"]:
            assert admin_client.get(str(item["link"])).status_code == 200, item["title"]
    assert str(NAVIGATION[0]["items"][0]["link"]) == reverse("admin:index")
