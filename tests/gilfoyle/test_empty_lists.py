"""A list without rows says what would be in it and what to do next; one that finds nothing says how to see all again."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import get_commands
from django.test import Client
from django.urls import reverse

from gilfoyle.lib.admin import NextStep
from tests.admin_pages import LISTS, list_of, staff

PAGES = [pytest.param(page, id=model._meta.label) for model, page in admin.site._registry.items()]
# Whoever asks is a user, the roles are groups, and what migrations did is recorded.
NEVER_EMPTY = {"auth_user", "auth_group", "videos_auditentry"}


@pytest.mark.parametrize("page", PAGES)
def test_every_list_has_its_words_and_a_next_step(page: Any) -> None:
    step = page.empty_next
    assert isinstance(step, NextStep)
    assert len(page.empty_words) > 20
    assert all(words.endswith((".", ":")) for words in (page.empty_words, step.words))
    if step.command:
        program, command, *_ = step.command.split()
        assert program == "manage.py"
        assert command in get_commands()
    if step.page:
        assert step.label
        reverse(f"admin:{step.page}")


@pytest.mark.django_db
@pytest.mark.parametrize("model", [model for model in LISTS if model not in NEVER_EMPTY])
def test_an_empty_list_says_them(model: str, admin_client: Client) -> None:
    page: Any = next(
        page for one, page in admin.site._registry.items() if one._meta.label_lower.replace(".", "_") == model
    )
    html = unescape(admin_client.get(list_of(model)).content.decode())
    told = [page.empty_words, page.empty_next.words, page.empty_next.command]
    assert [words for words in told if words not in html] == []
    if page.empty_next.page:
        assert f'href="{reverse("admin:" + page.empty_next.page)}">{page.empty_next.label}<' in html
    offers_adding = bool(
        re.search(rf'class="gf-button gf-button-main" href="[^"]*/{model.split("_")[1]}/add/', html)
    )
    assert offers_adding == page.empty_next.adds


@pytest.mark.django_db
def test_who_may_not_add_is_told_whom_to_ask() -> None:
    html = staff("view_apikey").get(list_of("videos_apikey")).content.decode()
    assert "An administrator can make one." in html
    assert "create_api_key" not in html


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("q=nowhere", "No video fits this search. Clear it to see all."),
        ("status__exact=failed", "No video fits these filters. Clear them to see all."),
        (
            "q=nowhere&status__exact=failed",
            "No video fits this search and these filters. Clear them to see all.",
        ),
    ],
)
def test_a_list_that_finds_nothing_says_how_to_see_all(asked: str, words: str, admin_client: Client) -> None:
    html = admin_client.get(f"{list_of('videos_video')}?{asked}").content.decode()
    assert words in html
    assert '<a class="gf-button" href="?">Clear ' in html
    assert "import_videos" not in html
