from typing import Any

import pytest
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth.models import User
from django.contrib.messages.storage.fallback import FallbackStorage
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gilfoyle.lib import admin as house
from gilfoyle.lib.admin import BoundedPaginator, in_words, page_of, repeated
from gilfoyle.lib.errors import Conflict
from gilfoyle.lib.session_store import SessionStore
from gilfoyle.lib.storage import StorageFault
from processing.jobs import services
from processing.jobs.models import Job
from tests.admin_pages import shown_messages
from tests.factories import make_job, make_project, make_video
from tests.lost_races import Races, races_lost
from videos.catalog import states
from videos.catalog.models import Video


def test_refusals_with_their_hints() -> None:
    assert in_words(Conflict("It is busy.", hint="Wait.")) == "It is busy. Wait."
    assert in_words(Conflict("It is busy.")) == "It is busy."


def test_an_id_that_looks_quoted_keeps_its_page() -> None:
    row_id = "vid_2D00000000000000000"
    address = page_of("videos_video_change", row_id)
    assert quote(row_id) in address
    assert unquote(address.split("/")[-3]) == row_id


@pytest.mark.django_db
def test_a_video_whose_id_looks_quoted_has_its_page_and_buttons(admin_client: Client) -> None:
    video = make_video(id="vid_2D0000000000000000", status=states.PROCESSING, title="Odd id")
    make_job(video)
    html = admin_client.get(page_of("videos_video_change", video.pk)).content.decode()
    assert "Odd id" in html
    address = page_of("videos_video_do", video.pk, "cancel")
    assert f'action="{address}"' in html
    admin_client.post(address)
    video.refresh_from_db()
    assert video.status == states.FAILED


@pytest.mark.django_db
def test_rows_are_counted_up_to_a_bound(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    project = make_project()
    for _ in range(5):
        make_video(project)
    videos = Video.objects.order_by("-created_at")
    assert BoundedPaginator(videos, 2).count == 5
    monkeypatch.setattr(house, "MOST_COUNTED", 3)
    with django_assert_max_num_queries(1) as captured:
        assert BoundedPaginator(videos, 2).num_pages == 2
    assert "LIMIT 3" in captured.captured_queries[0]["sql"]
    assert "ORDER BY" not in captured.captured_queries[0]["sql"]


@pytest.mark.django_db
def test_of_a_page_far_down_the_keys_alone_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [make_video().pk for _ in range(5)]
    videos = Video.objects.select_related("project").filter(pk__in=made).order_by("-pk")
    wanted = sorted(made, reverse=True)
    assert [one.pk for one in BoundedPaginator(videos, 2).page(3).object_list] == wanted[4:]
    monkeypatch.setattr(house, "DEEP", 2)
    paginator = BoundedPaginator(videos, 2)
    assert [one.pk for one in paginator.page(1).object_list] == wanted[:2]
    with CaptureQueriesContext(connection) as captured:
        assert [one.pk for one in paginator.page(2).object_list] == wanted[2:4]
    passing_over, _ = (one["sql"] for one in captured if "OFFSET" in one["sql"] or "IN (" in one["sql"])
    assert "OFFSET 2" in passing_over
    assert "JOIN" not in passing_over


@pytest.mark.django_db
def test_rows_can_be_neither_made_nor_deleted_by_hand(admin_client: Client) -> None:
    job = make_job()
    (step,) = job.steps.all()
    project = job.video.project
    for model, row in (("processing_job", job), ("processing_step", step), ("videos_project", project)):
        delete = page_of(f"{model}_delete", row.pk)
        assert admin_client.post(delete, {"post": "yes"}).status_code == 403, model
        page = page_of(f"{model}_change", row.pk)
        answer = admin_client.post(page, {"status": "done", "name": "other"})
        # A project's limits may be changed there, and nothing else.
        assert answer.status_code == (302 if row == project else 403), model
        before = str(row)
        row.refresh_from_db()
        assert str(row) == before
        many = reverse(f"admin:{model}_changelist")
        admin_client.post(many, {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
        row.refresh_from_db()
    assert admin_client.get(reverse("admin:processing_job_add")).status_code == 403
    assert admin_client.get(reverse("admin:videos_video_add")).status_code == 403


@pytest.mark.django_db
def test_an_action_tells_what_was_done_and_what_was_refused(admin_client: Client) -> None:
    running = [make_job() for _ in range(2)]
    ended = [make_job(status="failed") for _ in range(5)]
    response = admin_client.post(
        reverse("admin:processing_job_changelist"),
        {"action": "cancel_selected", "_selected_action": [job.pk for job in [*running, *ended]]},
        follow=True,
    )
    told = shown_messages(response)
    assert told[0] == "2 jobs cancelled."
    assert sum("can't become cancelled" in message for message in told) == 3
    assert told[-1] == "2 more were refused."


@pytest.mark.django_db
def test_a_fault_at_one_row_stops_no_other_and_is_told_in_words(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [make_job() for _ in range(3)]
    cancel = services.cancel_job

    def fail_once(*, job: Job) -> object:
        if job.pk == jobs[1].pk:
            message = "The object store could not be used."
            raise StorageFault(message, error="secret of the house")
        return cancel(job=job)

    monkeypatch.setattr(services, "cancel_job", fail_once)
    chosen = {"action": "cancel_selected", "_selected_action": [job.pk for job in jobs]}
    told = shown_messages(admin_client.post(reverse("admin:processing_job_changelist"), chosen, follow=True))
    assert told[0] == "2 jobs cancelled."
    assert "The object store could not be used." in told[1]
    assert "secret" not in str(told)
    address = page_of("processing_job_do", jobs[1].pk, "cancel")
    assert "could not be used" in shown_messages(admin_client.post(address, follow=True))[0]


@pytest.mark.django_db
def test_a_button_on_a_row_that_is_gone_is_explained(admin_client: Client) -> None:
    response = admin_client.post(page_of("videos_video_do", "vid_gone", "cancel"), follow=True)
    assert response.status_code == 200
    assert "doesn\N{RIGHT SINGLE QUOTATION MARK}t exist" in shown_messages(response)[0]
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_page_that_lost_a_race_is_done_again_and_says_things_once() -> None:
    request = RequestFactory().post("/")
    request.session = SessionStore()
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]  # where Django keeps it
    messages.info(request, "Before.")

    def view() -> str:
        messages.success(request, "Saved.")
        return make_project("of a page").name

    races = Races.each_once()
    with races_lost(races):
        assert repeated(request, view) == "of a page"
    assert races.lost == 1
    assert [str(one) for one in messages.get_messages(request)] == ["Before.", "Saved."]
