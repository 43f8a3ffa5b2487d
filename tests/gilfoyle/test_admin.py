import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gilfoyle.admin import describe_rendition, list_facts, player_address
from processing.jobs import states as work
from processing.jobs.models import Step
from streaming.addresses import VideoAddress
from streaming.admission import admission
from streaming.gate import Site, Wish
from streaming.tokens.models import SigningKey
from tests.admin_pages import (
    HOSTILE,
    button,
    client_of,
    every_page,
    is_escaped,
    list_of,
    make_failed_video,
    make_ready_video,
    page,
    shown_messages,
    staff,
)
from tests.factories import (
    get_step,
    make_api_key,
    make_job,
    make_project,
    make_step_plan,
    make_video,
)
from videos.access.services import suspend_project
from videos.catalog import states
from videos.catalog.content_keys import make_content_key
from videos.catalog.selectors import list_playable_renditions
from videos.uploads.models import Upload

pytestmark = pytest.mark.django_db


def test_every_page_answers_a_superuser_and_nobody_else(admin_client: Client) -> None:
    addresses = every_page()
    nobody, no_staff = Client(), client_of(User.objects.create_user("viewer"))
    powerless = staff()
    for address in addresses:
        assert admin_client.get(address).status_code == 200, address
        for client in (nobody, no_staff):
            response = client.get(address)
            assert response.status_code == 302, address
            assert response["Location"].startswith("/admin/login/"), address
    # Who may see nothing finds nothing.
    open_to_all_staff = {reverse("admin:index"), reverse("admin:password_change"), "/admin/find/?q=B"}
    allowed = {address for address in addresses if powerless.get(address).status_code == 200}
    assert allowed == open_to_all_staff


def test_pages_load_nothing_from_elsewhere(admin_client: Client) -> None:
    for address in [*every_page(), reverse("admin:login")]:
        html = admin_client.get(address).content.decode()
        for loaded in ('src="http', 'src="//', 'rel="stylesheet" href="http', "@import", 'url("http'):
            assert loaded not in html, address
        assert "Django administration" not in html
        assert "Django site admin" not in html


def test_no_page_shows_a_digest_or_a_password_hash(admin_client: Client) -> None:
    addresses = every_page()
    key, text = make_api_key()
    user = User.objects.create_user("with-password", password="correct horse battery")
    pages = [*addresses, page("videos_apikey", key.pk), page("auth_user", str(user.pk))]
    for address in pages:
        html = admin_client.get(address).content.decode()
        for secret in (key.digest, text, user.password, user.password.split("$")[3][:6], "pbkdf2"):
            assert secret not in html, address


def test_hostile_texts_stay_texts(admin_client: Client) -> None:
    video, job = make_failed_video(
        title=HOSTILE,
        description=HOSTILE,
        external_id=HOSTILE,
        creator_id=HOSTILE,
        metadata={HOSTILE: HOSTILE},
        project=make_project(HOSTILE),
        source_facts={"container": HOSTILE, "video_codec": HOSTILE},
    )
    key, _text = make_api_key(video.project, label=HOSTILE)
    for address in (
        reverse("admin:index"),
        list_of("videos_video"),
        page("videos_video", video.pk),
        page("videos_video", video.pk, "work"),
        page("videos_video", video.pk, "delete"),
        list_of("processing_job"),
        page("processing_job", job.pk),
        list_of("processing_step"),
        page("processing_step", get_step(job, "probe").pk),
        list_of("videos_project"),
        page("videos_project", video.project_id),
        list_of("videos_apikey"),
        page("videos_apikey", key.pk),
    ):
        assert is_escaped(admin_client.get(address).content.decode()), address
    for address in (
        button("videos_project", video.project_id, "suspend"),
        button("videos_apikey", key.pk, "revoke"),
        button("videos_video", video.pk, "cancel"),
    ):
        assert is_escaped(admin_client.post(address, follow=True).content.decode()), address


def test_video_page_has_player_renditions_uploads_and_facts(admin_client: Client) -> None:
    video = make_ready_video(
        title="Party", source_facts={"container": "mp4", "video_codec": "h264", "rotation": 90, "channels": 2}
    )
    make_job(video, plans=[make_step_plan("encode-00000")], status=work.DONE)
    Upload.objects.create(
        video=video, length_bytes=2_000, offset_bytes=1_000, lease_expires_at=video.created_at
    )
    response = admin_client.get(page("videos_video", video.pk))
    html = response.content.decode()
    assert f'<iframe src="/embed/{SigningKey.objects.get().pk}.' in html
    for fact in (
        "640 \N{MULTIPLICATION SIGN} 360",
        "25 fps",
        "h264",
        "90°",
        "Stereo",
        "H.264",
        "AAC",
        "100 kbit/s",
        "1000\xa0bytes",
    ):
        assert fact in html, fact
    assert "Complete" in html
    assert "Growing" in html
    assert "Encode chunk 1" in html
    assert "every 3s" not in html  # the work is done, so nothing is asked for again


def test_video_page_says_whether_it_is_encrypted(admin_client: Client) -> None:
    video = make_ready_video()
    address = page("videos_video", video.pk)
    assert "Stored encrypted" not in admin_client.get(address).content.decode()
    make_content_key(video_id=video.pk, revision=video.revision, root_secret=b"r" * 48)
    assert "Stored encrypted" in admin_client.get(address).content.decode()


def test_video_page_shows_why_a_step_failed(admin_client: Client) -> None:
    video, _job = make_failed_video()
    html = admin_client.get(page("videos_video", video.pk)).content.decode()
    for words in ("It broke.", "tool_failed", "exit code 7", "last words", "/bin/ffmpeg -i "):
        assert words in html, words
    assert "Try again" in html
    assert "Cancel processing" not in html


def test_video_page_and_its_work_ask_again_while_work_goes_on(admin_client: Client) -> None:
    video = make_video(status=states.PROCESSING, progress=42)
    make_job(video)
    address = page("videos_video", video.pk, "work")
    for html in (
        admin_client.get(page("videos_video", video.pk)).content.decode(),
        admin_client.get(address).content.decode(),
    ):
        assert f'hx-get="{address}"' in html
        assert "42 %" in html
    assert admin_client.get(page("videos_video", "vid_unknown", "work")).status_code == 404


def test_retry_and_cancel_call_the_services(admin_client: Client) -> None:
    video, job = make_failed_video()
    response = admin_client.post(button("videos_video", video.pk, "retry"), follow=True)
    assert response.redirect_chain == [(page("videos_video", video.pk), 302)]
    job.refresh_from_db()
    video.refresh_from_db()
    assert (job.status, video.status) == (work.ACTIVE, states.PROCESSING)
    assert get_step(job, "probe").status == work.READY

    response = admin_client.post(button("videos_video", video.pk, "cancel"), follow=True)
    job.refresh_from_db()
    video.refresh_from_db()
    assert (job.status, video.failure_code) == (work.CANCELLED, "cancelled")
    assert "Processing was cancelled." in response.content.decode()
    history = admin_client.get(page("videos_video", video.pk, "history")).content.decode()
    assert "Processing goes on" in history


def test_refusals_are_told_in_words(admin_client: Client) -> None:
    video = make_video(status=states.PROCESSING)
    job = make_job(video)
    response = admin_client.post(button("videos_video", video.pk, "retry"), follow=True)
    assert response.status_code == 200
    assert shown_messages(response) == ["A job that is active can't become active."]
    job.refresh_from_db()
    assert job.status == work.ACTIVE
    assert admin_client.post(button("videos_video", make_video().pk, "cancel")).status_code == 404


def test_buttons_need_a_post_the_permission_and_the_form_token() -> None:
    video, job = make_failed_video()
    address = button("videos_video", video.pk, "retry")
    looker, changer = staff("view_video"), staff("change_video", "change_job")
    assert looker.get(page("videos_video", video.pk)).status_code == 200
    assert looker.post(address).status_code == 403
    assert changer.get(address).status_code == 405
    assert changer.post(button("videos_video", video.pk, "explode")).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_superuser("strict"))
    response = strict.post(address)
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()
    job.refresh_from_db()
    assert job.status == work.FAILED
    assert changer.post(address).status_code == 302
    job.refresh_from_db()
    assert job.status == work.ACTIVE


def test_work_is_for_those_who_may_see_jobs_and_its_output_for_those_who_may_see_steps() -> None:
    video, _job = make_failed_video()
    addresses = page("videos_video", video.pk), page("videos_video", video.pk, "work")
    without, with_jobs = staff("view_video"), staff("view_video", "view_job")
    with_steps = staff("view_video", "view_job", "view_step")
    html = without.get(addresses[0]).content.decode()
    for words in ("Probe the source", "last words", "/bin/ffmpeg", "job-panel", "Work begins by itself"):
        assert words not in html
    assert without.get(addresses[1]).status_code == 403
    assert 'id="job-panel"' not in without.get(page("videos_video", make_video().pk)).content.decode()
    for address in addresses:
        html = with_jobs.get(address).content.decode()
        assert "Probe the source" in html
        assert "last words" not in html
        assert "/bin/ffmpeg" not in html
        html = with_steps.get(address).content.decode()
        assert "last words" in html
        assert "/bin/ffmpeg" in html


def test_work_is_changed_by_those_who_may_change_jobs() -> None:
    video, job = make_failed_video()
    changer = staff("change_video", "view_job")
    html = changer.get(page("videos_video", video.pk)).content.decode()
    assert "Try again" not in html
    for name in ("retry", "cancel"):
        assert changer.post(button("videos_video", video.pk, name)).status_code == 403
    job.refresh_from_db()
    assert job.status == work.FAILED
    both = staff("change_video", "change_job")
    assert "Try again" in both.get(page("videos_video", video.pk)).content.decode()


def test_looking_is_not_changing() -> None:
    video, _job = make_failed_video(title="As it was")
    looker = staff("view_video")
    html = looker.get(page("videos_video", video.pk)).content.decode()
    assert "Try again" not in html
    assert 'name="title"' not in html
    looker.post(page("videos_video", video.pk), {"title": "Mine", "metadata": "{}"})
    video.refresh_from_db()
    assert video.title == "As it was"


def test_player_plays_what_is_held_for_review_and_nothing_that_is_barred() -> None:
    video = make_ready_video(restriction="held")
    address = player_address(video)
    _, _, token, project_id, video_id = address.split("/")
    admission.forget()
    allowed = admission.admit(
        Wish(VideoAddress(token, project_id, video_id)), site=Site(), now_s=timezone.now().timestamp()
    )
    assert allowed.policy.video_id == video.pk
    life_s = allowed.claims.expires_at_s - allowed.claims.issued_at_s
    assert life_s < 3600  # as long as somebody looks, not as long as the API gives

    for restriction in ("restricted", "blocked"):
        assert player_address(make_ready_video(restriction=restriction)) == ""
    assert player_address(make_video()) == ""
    suspended = make_ready_video()
    suspend_project(project=suspended.project)
    assert player_address(suspended) == ""


def test_queries_of_the_video_page_do_not_grow_with_its_work(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    video = make_ready_video()
    make_job(video, plans=[make_step_plan(f"encode-{n:05d}", inputs={"chunk": n}) for n in range(100)])
    player_address(video)
    with django_assert_max_num_queries(38):
        html = admin_client.get(page("videos_video", video.pk)).content.decode()
    assert "40 more steps" in html


def test_facts_leave_out_what_is_not_known() -> None:
    assert [name for name, _value in list_facts(make_video())] == ["Stored in all"]


def test_what_was_taken_out_of_a_source_is_told_and_not_what_it_said(admin_client: Client) -> None:
    report = {"outcome": "cleaned", "reason": "", "removed": {"location": 2, "dates": 1}, "left": {}}
    video = make_ready_video(source_cleaning=report)
    words = "Removed from the source: location (2), dates (1)."
    assert ("Privacy", words) in list_facts(video)
    player_address(video)
    assert words in admin_client.get(page("videos_video", video.pk)).content.decode()


def test_rendition_in_words() -> None:
    video = make_ready_video()
    picture, sound = list_playable_renditions(video.pk, video.revision)
    row = describe_rendition(picture)
    assert (row.codec, row.picture, row.rate, row.segments, row.bitrate) == (
        "H.264",
        "640 \N{MULTIPLICATION SIGN} 360",
        "25 fps",
        2,
        "100 kbit/s",
    )
    assert describe_rendition(sound).picture == "Stereo"


def test_edited_metadata_is_kept_as_json(admin_client: Client) -> None:
    video = make_video(title="Old", metadata={"a": 1})
    form = {
        "title": "New",
        "description": "Words",
        "metadata": json.dumps({"b": [1, "ü"]}),
        "external_id": "post-1",
        "creator_id": "user-1",
    }
    response = admin_client.post(page("videos_video", video.pk), form)
    assert response["Location"] == page("videos_video", video.pk)
    video.refresh_from_db()
    assert (video.title, video.metadata, video.creator_id) == ("New", {"b": [1, "ü"]}, "user-1")
    assert Step.objects.count() == 0
