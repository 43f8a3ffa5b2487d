from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gilfoyle.lib import storage
from processing.jobs import states as work
from tests.admin_pages import client_of, list_of, page, shown_messages, staff
from tests.factories import make_job, make_project, make_video
from videos import layout
from videos.catalog import states
from videos.catalog.content_keys import find_cipher, make_content_key
from videos.catalog.models import ContentKey, ImageSet, Video
from videos.catalog.sealed_pictures import save_picture

pytestmark = pytest.mark.django_db
PICTURE = b"\xff\xd8\xff\xe0 a picture"


def add_poster(video: Video) -> str:
    """Store a poster; return the admin's address of it."""
    folder = layout.image_folder(video.project_id, video.pk, video.revision, "poster", 2)
    storage.save_bytes(f"{folder}/poster.jpg", PICTURE)
    ImageSet.objects.create(
        video=video, revision=video.revision, kind="poster", version=2, size_bytes=len(PICTURE)
    )
    return poster(video)


def poster(video: Video, revision: str = "", version: int = 2) -> str:
    name = f"/poster/{revision or video.revision}/{version}.jpg"
    return page("videos_video", video.pk).replace("/change/", name)


def form(**given: Any) -> dict[str, Any]:
    blank = dict.fromkeys(("title", "description", "external_id", "creator_id", "poster_at_s"), "")
    blank["metadata"] = "{}"
    return {**blank, **given}


def titles(client: Client, **query: str) -> set[str]:
    """The titles on the list that this query gives."""
    response = client.get(list_of("videos_video"), query)
    assert response.status_code == 200
    return {video.title for video in response.context["cl"].result_list}


def test_the_list_takes_few_queries(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(60):
        video = make_video(make_project(), status=states.READY, title=f"Video {number}", duration_s=61.0)
        ImageSet.objects.create(video=video, revision=video.revision, kind="poster", size_bytes=1)
    with django_assert_max_num_queries(7) as captured:
        html = admin_client.get(list_of("videos_video")).content.decode()
    assert html.count("1:01") == 50
    assert html.count("poster/") == 50
    counted = [one["sql"] for one in captured.captured_queries if "COUNT(" in one["sql"].upper()]
    assert len(counted) == 1
    assert "LIMIT 10000" in counted[0]
    second = admin_client.get(list_of("videos_video"), {"p": "2"}).content.decode()
    assert second.count("1:01") == 10


def test_the_list_shows_state_and_progress(admin_client: Client) -> None:
    make_video(status=states.PROCESSING, progress=42, title="Busy", creator_id="user-17")
    make_video(status=states.READY, restriction="held", title="Held")
    make_video(status=states.FAILED)
    html = admin_client.get(list_of("videos_video")).content.decode()
    for words in ("42 %", 'value="42"', "user-17", ">Held</span>", ">Failed</span>", "Untitled"):
        assert words in html, words
    assert html.count("<progress") == 1


def test_search_finds_by_title_id_external_id_and_creator(admin_client: Client) -> None:
    video = make_video(title="Release party", external_id="post-4711", creator_id="user-17")
    make_video(title="Other", external_id="post-47", creator_id="user-1")
    for term in (video.pk, "release PARTY", "post-4711", "user-17", f" {video.pk} "):
        assert titles(admin_client, q=term) == {"Release party"}, term
    assert titles(admin_client, q="nothing like it") == set()
    assert titles(admin_client, q="vid_nothing") == set()
    assert "Nothing matches" in admin_client.get(list_of("videos_video"), {"q": "nope"}).content.decode()


def test_filters(admin_client: Client) -> None:
    project = make_project()
    make_video(project, title="a", status=states.READY)
    make_video(title="b", status=states.FAILED, restriction="blocked")
    assert titles(admin_client, status__exact="ready") == {"a"}
    assert titles(admin_client, restriction__exact="blocked") == {"b"}
    assert titles(admin_client, project=project.pk) == {"a"}
    assert titles(admin_client, created_at_from="2000-01-01") == {"a", "b"}
    assert titles(admin_client, created_at_to="2000-01-01") == set()
    today = f"{timezone.now():%Y-%m-%d}"
    assert titles(admin_client, created_at_from=today, created_at_to=today) == {"a", "b"}
    assert titles(admin_client, created_at_from="2026-02-30", created_at_to="soon") == {"a", "b"}


def test_an_empty_list_says_what_to_do(admin_client: Client) -> None:
    html = admin_client.get(list_of("videos_video")).content.decode()
    assert "No videos yet" in html
    assert "The dashboard shows how" in html


def test_posters_are_for_staff_alone(admin_client: Client, django_user_model: Any) -> None:
    video = make_video(status=states.READY)
    address = add_poster(video)
    response = admin_client.get(address)
    assert response.status_code == 200
    assert response.content == PICTURE
    assert response["Content-Type"] == "image/jpeg"
    assert "private" in response["Cache-Control"]
    assert "public" not in response["Cache-Control"]
    assert Client().get(address).status_code == 302
    assert client_of(django_user_model.objects.create_user("viewer")).get(address).status_code == 302
    assert staff("view_project").get(address).status_code == 403
    assert address in admin_client.get(list_of("videos_video")).content.decode()


def test_staff_see_the_poster_of_an_encrypted_video(admin_client: Client) -> None:
    video, root_secret = make_video(status=states.READY), settings.GILFOYLE_ROOT_SECRET
    address = add_poster(video)
    make_content_key(video_id=video.pk, revision=video.revision, root_secret=root_secret)
    assert admin_client.get(address).status_code == 404  # not sealed by us
    name = f"{layout.image_folder(video.project_id, video.pk, video.revision, 'poster', 2)}/poster.jpg"
    cipher = find_cipher(video_id=video.pk, revision=video.revision, root_secret=root_secret)
    save_picture(name, PICTURE, cipher)
    assert admin_client.get(address).content == PICTURE
    ContentKey.objects.update(wrapped=bytes(60))
    assert admin_client.get(address).status_code == 404
    ContentKey.objects.all().delete()  # such as by a database that was restored without its keys
    assert admin_client.get(address).status_code == 404


def test_a_poster_that_is_not_there_is_not_found(admin_client: Client) -> None:
    video = make_video(status=states.READY)
    assert admin_client.get(poster(video)).status_code == 404
    ImageSet.objects.create(video=video, revision=video.revision, kind="poster", version=2, size_bytes=1)
    assert admin_client.get(poster(video)).status_code == 404  # the row without its object
    add_poster(other := make_video(status=states.READY))
    assert admin_client.get(poster(other, revision="0000000000000000")).status_code == 404
    assert admin_client.get(poster(other, version=1)).status_code == 404


def test_editing_changes_what_the_consumer_may_change_and_nothing_else(admin_client: Client) -> None:
    video = make_video(status=states.READY, title="Old")
    given = form(
        title="New", description="Words", creator_id="user-1", status="failed", restriction="blocked"
    )
    response = admin_client.post(page("videos_video", video.pk), given, follow=True)
    assert shown_messages(response) == ["Saved."]
    video.refresh_from_db()
    assert (video.title, video.description, video.creator_id) == ("New", "Words", "user-1")
    assert (video.status, video.restriction) == (states.READY, "none")


def test_an_edit_overwrites_only_what_was_edited(admin_client: Client) -> None:
    """What the API changed while the page was open stays."""
    video = make_video(title="Old", external_id="before")
    opened = admin_client.get(page("videos_video", video.pk))
    assert opened.status_code == 200
    admin_client.post(page("videos_video", video.pk), form(title="New", external_id="before"))
    video.refresh_from_db()
    assert (video.title, video.external_id) == ("New", "before")


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ("[1]", "Expected a dictionary"),
        ("{", "Enter a valid JSON."),
        ('{"a": "' + "x" * 17_000 + '"}', "16 KiB"),
        (r'{"a": "\u0000"}', "null characters"),
    ],
)
def test_metadata_has_the_rules_of_the_api(admin_client: Client, metadata: str, problem: str) -> None:
    video = make_video(metadata={"kept": True})
    response = admin_client.post(page("videos_video", video.pk), form(metadata=metadata))
    assert response.status_code == 200
    assert problem in response.content.decode()
    video.refresh_from_db()
    assert video.metadata == {"kept": True}


@pytest.mark.parametrize("emptied", ["", "null", "{}"])
def test_emptied_metadata_is_an_empty_object(admin_client: Client, emptied: str) -> None:
    video = make_video(metadata={"a": 1})
    admin_client.post(page("videos_video", video.pk), form(metadata=emptied))
    video.refresh_from_db()
    assert video.metadata == {}


def test_deleting_asks_first_and_sets_a_tombstone(admin_client: Client) -> None:
    video = make_video(status=states.PROCESSING, title="Going")
    job = make_job(video)
    address = page("videos_video", video.pk, "delete")
    asked = admin_client.get(address).content.decode()
    assert "removed from storage" in asked
    assert "Going" in asked
    video.refresh_from_db()
    assert video.status == states.PROCESSING

    response = admin_client.post(address, {"post": "yes"}, follow=True)
    assert "“Going” is being deleted" in shown_messages(response)[0]
    video.refresh_from_db()
    job.refresh_from_db()
    assert (video.status, video.playable, job.status) == (states.DELETING, False, work.CANCELLED)
    assert video.deleted_at is not None

    gone = admin_client.get(page("videos_video", video.pk)).content.decode()
    assert "This video is being deleted." in gone
    assert 'name="title"' not in gone
    assert admin_client.post(address, {"post": "yes"}).status_code == 403


def test_deleting_several(admin_client: Client) -> None:
    videos = [make_video(title=f"Number {number}") for number in range(3)]
    make_video(title="Stays")
    tombstone = make_video(status=states.DELETING)
    chosen = [video.pk for video in [*videos, tombstone]]
    many = {"action": "delete_selected", "_selected_action": chosen}
    asked = admin_client.post(list_of("videos_video"), many).content.decode()
    assert "Delete 4 videos" in asked
    assert "Number 2" in asked
    assert not Video.objects.filter(status=states.DELETING).exclude(pk=tombstone.pk).exists()
    response = admin_client.post(list_of("videos_video"), {**many, "post": "yes"}, follow=True)
    assert shown_messages(response) == ["3 videos are being deleted."]
    assert set(Video.objects.exclude(status=states.DELETING).values_list("title", flat=True)) == {"Stays"}
    assert Video.objects.count() == 5  # rows go with their bytes, later


def test_deleting_needs_the_permission() -> None:
    video = make_video()
    changer = staff("change_video")
    assert changer.post(page("videos_video", video.pk, "delete"), {"post": "yes"}).status_code == 403
    changer.post(
        list_of("videos_video"), {"action": "delete_selected", "_selected_action": video.pk, "post": "yes"}
    )
    video.refresh_from_db()
    assert video.status == states.AWAITING_UPLOAD
    assert reverse("admin:index")


def test_the_moment_of_the_poster_is_chosen_within_the_video(admin_client: Client) -> None:
    video = make_video(status=states.READY, duration_s=10.0)
    admin_client.post(page("videos_video", video.pk), form(poster_at_s="2.5"))
    video.refresh_from_db()
    assert video.poster_at_s == 2.5
    html = admin_client.post(page("videos_video", video.pk), form(poster_at_s="11")).content.decode()
    assert "the video ends at 10 s" in html
    admin_client.post(page("videos_video", video.pk), form())
    video.refresh_from_db()
    assert video.poster_at_s is None
