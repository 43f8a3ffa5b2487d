"""What the API refuses is counted, whoever's key it was; what nobody's key asked is not."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse, JsonResponse

from tests.factories import Account, api_client, make_video
from tests.videos.usage.making import kept
from videos.access.freezes import set_upload_freeze
from videos.usage.refusals import code_of
from videos.usage.tally import Tally

pytestmark = pytest.mark.django_db


def test_refusals_count_for_project_key_and_creator(account: Account, api: Any, tally: Tally) -> None:
    project, key = account.project, account.key
    video = make_video(project, creator_id="ann")
    given = api.post("/api/v1/uploads", {"video_id": video.pk}, format="json").json()
    set_upload_freeze(project_id=project.pk, target_type="creator", target_id="ann", is_frozen=True)
    assert api.get(f"/api/v1/videos/{video.pk}").status_code == 200
    for stranger in ("vid_none", f"vid_{'x' * 17}%00", "%00"):  # what no column of PostgreSQL holds
        assert api.get(f"/api/v1/videos/{stranger}").status_code == 404
    assert api.put(f"/api/v1/videos/{video.pk}/source", b"x", content_type="video/mp4").status_code == 403
    assert api.post("/api/v1/videos", {"metadata": 5}, format="json").status_code == 400
    by_address = api_client(None).put(given["tus_url"], b"x", content_type="video/mp4")
    assert (by_address.status_code, by_address.json()["code"]) == (403, "uploads_frozen")
    assert api_client("gfk_wrong").get("/api/v1/videos").status_code == 401
    assert api_client(None).get("/api/v1/nothing").status_code == 404
    assert {video_id for _, video_id, _, _ in tally._refused} == {video.pk}
    tally.flush()
    assert kept() == {
        **{
            (*one, "refused", code): count
            for one in (("project", project.pk), ("api_key", key.pk))
            for code, count in (("video_not_found", 3), ("uploads_frozen", 2), ("invalid_input", 1))
        },
        ("creator", "ann", "refused", "uploads_frozen"): 2,
    }


def test_an_answer_without_a_code_counts_by_its_status() -> None:
    response: Any = JsonResponse({"code": "x"}, status=403)
    assert code_of(response) == "403"
    response.data = {"code": "uploads_frozen"}
    assert code_of(response) == "uploads_frozen"
    response.data = {"code": 5}
    assert code_of(response) == "403"
    assert code_of(HttpResponse(status=410)) == "410"
