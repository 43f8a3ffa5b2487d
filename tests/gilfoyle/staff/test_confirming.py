from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gilfoyle.staff import two_factor
from gilfoyle.staff.delays import FREE_TRIES
from gilfoyle.staff.freshness import CONFIRMED_AT
from tests.admin_pages import button, client_of, list_of, page, staff
from tests.factories import make_api_key, make_project, make_video
from tests.second_factor import next_code, protect
from videos.catalog import states

pytestmark = pytest.mark.django_db
PASSWORD = "long-enough-4711"
ASKED = "Confirm that it is you"


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


def grow_old(client: Client, name: str = CONFIRMED_AT) -> Client:
    """Let the last confirmation be long ago."""
    session = client.session
    session[name] -= 601
    session.save()
    return client


@pytest.fixture
def client(root: User) -> Client:
    return grow_old(client_of(root))


def is_asked(answer: Any) -> bool:
    return answer.status_code == 200 and ASKED in answer.content.decode()


def confirmed(sent: dict[str, Any], **more: str) -> dict[str, Any]:
    return {
        **sent,
        "confirm-password": PASSWORD,
        **{f"confirm-{name}": value for name, value in more.items()},
    }


def test_what_can_t_be_undone_waits_for_the_password_and_then_happens(client: Client) -> None:
    video = make_video(title="Party")
    address = page("videos_video", video.pk, "delete")
    answer = client.post(address, {"post": "yes"})
    assert is_asked(answer)
    assert '<input type="hidden" name="post" value="yes">' in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    video.refresh_from_db()
    assert video.status != states.DELETING
    wrong = client.post(address, {"post": "yes", "confirm-password": "wrong"})
    assert "This is not your password." in wrong.content.decode()
    assert "wrong" not in wrong.content.decode().replace("went wrong", "")
    video.refresh_from_db()
    assert video.status != states.DELETING
    assert client.post(address, confirmed({"post": "yes"})).status_code == 302
    video.refresh_from_db()
    assert video.status == states.DELETING


def test_for_a_while_it_is_not_asked_again(client: Client) -> None:
    for video in (make_video(), make_video()):
        sent = {"post": "yes"}
        answer = client.post(page("videos_video", video.pk, "delete"), confirmed(sent))
        assert answer.status_code == 302
        sent.pop("post")
    third = make_video()
    assert client.post(page("videos_video", third.pk, "delete"), {"post": "yes"}).status_code == 302
    grow_old(client)
    assert is_asked(client.post(page("videos_video", make_video().pk, "delete"), {"post": "yes"}))


@pytest.mark.parametrize("is_list", [False, True])
def test_keys_and_projects_too(client: Client, is_list: bool) -> None:
    project = make_project()
    key, _text = make_api_key(project)
    chosen: tuple[tuple[str, Any, str], ...] = (
        ("videos_apikey", key, "revoke"),
        ("videos_project", project, "suspend"),
    )
    for model, row, name in chosen:
        address = list_of(model) if is_list else button(model, row.pk, name)
        sent = {"action": f"{name}_selected", "_selected_action": row.pk} if is_list else {}
        grow_old(client)
        answer = client.post(address, sent)
        assert is_asked(answer)
        row.refresh_from_db()
        assert (getattr(row, "revoked_at", None), getattr(row, "suspended_at", None)) == (None, None)
        assert client.post(address, confirmed(sent)).status_code == 302
        row.refresh_from_db()
        assert getattr(row, "revoked_at", None) or row.suspended_at


def test_many_chosen_rows_are_all_carried(client: Client) -> None:
    videos = [make_video(title=f"Video {n}") for n in range(3)]
    sent = {"action": "delete_selected", "_selected_action": [video.pk for video in videos]}
    shown = client.post(list_of("videos_video"), sent)
    assert not is_asked(shown)  # Django's own page of what would go comes first
    answer = client.post(list_of("videos_video"), {**sent, "post": "yes"})
    assert is_asked(answer)
    for video in videos:
        assert f'name="_selected_action" value="{video.pk}"' in answer.content.decode()
    client.post(list_of("videos_video"), confirmed({**sent, "post": "yes"}))
    assert {type(video).objects.get(pk=video.pk).status for video in videos} == {states.DELETING}


def test_accounts_are_changed_by_whom_one_knows(client: Client, root: User) -> None:
    other = User.objects.create_user("other", is_staff=True)
    for address, sent in (
        (page("auth_user", str(other.pk)), {"username": "renamed", "is_active": "on", "is_staff": "on"}),
        (reverse("admin:auth_user_password_change", args=[other.pk]), {"password1": "a", "password2": "a"}),
        (page("auth_user", str(other.pk), "delete"), {"post": "yes"}),
        (reverse("admin:auth_user_add"), {"username": "third", "role": "administrator"}),
        (reverse("admin:auth_group_add"), {"name": "Ours"}),
    ):
        answer = client.post(address, sent)
        assert is_asked(answer), address
        for value in sent.values():
            assert f'value="{value}"' in answer.content.decode()
    other.refresh_from_db()
    assert other.username == "other"
    assert client.get(page("auth_user", str(other.pk))).status_code == 200  # looking needs nothing


def test_with_a_second_factor_both_are_asked_for(root: User) -> None:
    device, codes = protect(root)
    client = Client()
    client.post("/admin/login/", {"username": "root", "password": PASSWORD})
    client.post("/admin/login/code/", {"code": next_code(device)})
    grow_old(client)
    project = make_project()
    address = button("videos_project", project.pk, "suspend")
    assert is_asked(client.post(address, confirmed({})))
    for password, code in ((PASSWORD, "000000"), ("wrong", codes[0])):
        answer = client.post(address, {"confirm-password": password, "confirm-code": code})
        assert "Password and code don&#x27;t fit." in answer.content.decode()
    assert two_factor.count_recovery_codes(root) == 10  # no code is spent beside a wrong password
    assert client.post(address, confirmed({}, code=codes[0])).status_code == 302
    project.refresh_from_db()
    assert project.is_suspended


def test_passwords_are_not_guessed_here_either(client: Client) -> None:
    address = button("videos_project", make_project().pk, "suspend")
    for _ in range(FREE_TRIES):
        assert is_asked(client.post(address, {"confirm-password": "wrong"}))
    answer = client.post(address, confirmed({}))
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 20
    assert "Too many tries" in answer.content.decode()


def test_what_was_sent_stays_text(client: Client) -> None:
    hostile = '"><script>alert(1)</script>'
    answer = client.post(reverse("admin:auth_group_add"), {"name": hostile, 'x"><b': "1"})
    html = answer.content.decode()
    assert is_asked(answer)
    assert "<script>alert(1)" not in html
    assert 'x"><b' not in html


def test_who_may_not_is_told_so_and_not_asked() -> None:
    project = make_project()
    looker = grow_old(staff("view_project"))
    assert looker.post(button("videos_project", project.pk, "suspend"), {}).status_code == 403


def test_a_page_that_was_looked_at_is_shown_after(client: Client) -> None:
    address = reverse("admin:two_factor")
    answer = client.get(address)
    assert is_asked(answer)
    answer = client.post(address, confirmed({"confirm-is_look": "1"}))
    assert answer["Location"] == address
    assert "Scan this" in client.get(address).content.decode()


def test_the_forms_of_the_page_need_their_token(root: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(root)
    grow_old(strict)
    address = button("videos_project", make_project().pk, "suspend")
    assert strict.post(address, confirmed({})).status_code == 403
