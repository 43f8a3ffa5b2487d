from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from streaming.addresses import VideoAddress
from streaming.reporting.proofs import make_proof
from streaming.tokens.claims import Clip
from tests.streaming.clip import store_video
from tests.streaming.conftest import Mint, forged
from videos.catalog.models import Video
from videos.moderation.models import Case, Report
from videos.moderation.selectors import text_of_report

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def opened(settings: Any) -> Callable[..., None]:
    """The form is there; called, with other bounds."""

    def opened(**wish: Any) -> None:
        safety = settings.GILFOYLE.safety
        form = safety.public_reports.model_copy(update={"enabled": True, **wish})
        safety = safety.model_copy(update={"public_reports": form})
        settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"safety": safety})

    opened()
    return opened


def path_of(video: Video, token: str) -> str:
    return f"/report/{token}/{video.project_id}/{video.pk}"


def proof_of(video: Video, token: str, *, ago_s: int = 0) -> str:
    now_s = int(timezone.now().timestamp()) - ago_s
    address = VideoAddress(token, video.project_id, video.pk)
    return make_proof(address, now_s=now_s, root_secret=django_settings.GILFOYLE_ROOT_SECRET)


def send(video: Video, token: str, *, reason: str = "hate", proof: str | None = None, **more: str) -> Any:
    given = {"reason": reason, "proof": proof_of(video, token) if proof is None else proof, **more}
    return Client(enforce_csrf_checks=True).post(
        path_of(video, token), "&".join(f"{name}={value}" for name, value in given.items()), FORM
    )


def test_it_is_not_there_unless_it_is_wanted(video: Video, mint: Mint, opened: Any) -> None:
    token = mint(video)
    assert Client().get(path_of(video, token)).status_code == 200
    player = f"/embed/{token}/{video.project_id}/{video.pk}"
    assert 'data-can-report="1"' in Client().get(player).content.decode()
    opened(enabled=False)
    assert Client().get(path_of(video, token)).status_code == 404
    assert send(video, token).status_code == 404
    assert "report" not in Client().get(player).content.decode()


def test_the_form_needs_no_script_and_no_cookie_and_can_not_be_framed(video: Video, mint: Mint) -> None:
    video = store_video(title="<b>Harbour</b>")
    answer = Client().get(path_of(video, mint(video)) + "?t=1")
    html = answer.content.decode()
    assert "&lt;b&gt;Harbour&lt;/b&gt;" in html
    assert not re.search(r"<script|<style|\s(?:style|on[a-z]+)=|(?:src|href)=\"(?:https?:)?//", html)
    assert 'value="0:01"' in html
    assert not answer.cookies
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'; frame-ancestors 'none'" in policy
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")


def test_a_report_is_filed_of_nobody_and_once(video: Video, mint: Mint) -> None:
    token = mint(video)
    proof = proof_of(video, token)
    answer = send(video, token, words="<script>alert(1)</script>", at="0:01", proof=proof)
    assert (answer.status_code, "Thank you" in answer.content.decode()) == (200, True)
    assert not answer.cookies
    # The same form once more: the same answer, and nothing new.
    assert send(video, token, words="again", proof=proof).status_code == 200
    report = Report.objects.get()
    assert (report.channel, report.reason, report.at_s) == ("public_form", "hate", 1.0)
    assert text_of_report(report)["comment"] == "<script>alert(1)</script>"
    # Later tokens of the session are the same viewer; other videos' reports can't be told to be of him.
    assert Case.objects.get().distinct_reporters == 0


def test_who_sees_a_part_counts_from_where_that_begins(video: Video, mint: Mint) -> None:
    token = mint(video, clip=Clip(1000, 2000))
    assert send(video, token, at="1").status_code == 200
    assert Report.objects.get().at_s == 2.0
    assert send(video, token, reason="spam", at="2").status_code == 422


@pytest.mark.parametrize("attack", ["forged", "other_video", "expired", "restricted"])
def test_the_gate_decides_first(video: Video, mint: Mint, attack: str) -> None:
    token, target = mint(video), video
    if attack == "forged":
        token = forged(token)
    elif attack == "other_video":
        target = store_video()
    elif attack == "expired":
        token = mint(video, now=timezone.now() - timedelta(days=2))
    else:
        Video.objects.filter(pk=video.pk).update(restriction="blocked")
    for answer in (Client().get(path_of(target, token)), send(target, token)):
        assert answer.status_code in {401, 403}
        assert re.search(
            "<h1>(?:This link does not work|This link has expired|This video is not available)</h1>",
            answer.content.decode(),
        )
    assert not Report.objects.exists()


# What is sent instead of a good form; which header; what is answered.
ATTACKS: list[tuple[dict[str, str], dict[str, str], int, str]] = [
    ({"proof": ""}, {}, 403, "This form is too old"),
    ({"proof": "of another token"}, {}, 403, "This form is too old"),
    ({"proof": "old"}, {}, 403, "This form is too old"),
    ({}, {"Sec-Fetch-Site": "cross-site"}, 403, "This form is too old"),
    ({"reason": "court_order"}, {}, 422, "Choose one of the reasons in the list."),
    ({"reason": "%00"}, {}, 422, "Choose one of the reasons in the list."),
    ({"words": "a%00b"}, {}, 422, "Null characters are not allowed."),
    ({"words": "x" * 1001}, {}, 422, "The text has 1001 characters"),
    ({"words": "x" * 40_000}, {}, 413, "a text that fits"),
    ({"at": "9:99"}, {}, 422, "Write the time as in 1:23"),
    ({"words": "%ff%fe&reason=spam&reason=nope"}, {}, 422, "Choose one of the reasons in the list."),
]


def test_what_does_not_count_is_said_in_words_and_nothing_is_lost(video: Video, mint: Mint) -> None:
    token = mint(video)
    proofs = {"of another token": proof_of(video, mint(video)), "old": proof_of(video, token, ago_s=8000)}
    for more, headers, status, words in ATTACKS:
        given = {"reason": "hate", "proof": proof_of(video, token), "words": "kept <i>words", **more}
        given["proof"] = proofs.get(given["proof"], given["proof"])
        body = "&".join(f"{name}={value}" for name, value in given.items())
        answer = Client().post(path_of(video, token), body, FORM, headers=headers)
        html = answer.content.decode()
        assert (answer.status_code, words in html) == (status, True), more
        assert status == 413 or "words" in more or "kept &lt;i&gt;words" in html
    assert not Report.objects.exists()


def test_only_the_form_itself_is_read(video: Video, mint: Mint) -> None:
    token = mint(video)
    proof = proof_of(video, token)
    assert Client().post(path_of(video, token), {"reason": "hate", "proof": proof}).status_code == 413
    assert Client().put(path_of(video, token)).status_code == 405


def test_a_thousand_posts_keep_what_an_hour_may_and_count_the_rest(
    video: Video, mint: Mint, opened: Any
) -> None:
    opened(video_per_hour=2)
    one = mint(video)
    # Of one viewer: three reasons, however often.
    statuses = [send(video, one, reason=reason).status_code for reason in ("hate", "hate", "spam", "hate")]
    assert (statuses, Report.objects.count()) == ([200] * 4, 2)
    # Of many: the bound of the hour, but for the first of each reason.
    filed = [send(video, mint(video), reason="hate").status_code for _ in range(12)]
    assert (set(filed), Report.objects.count(), Case.objects.get().unkept_reports) == ({429}, 2, 14)
    answer = send(video, mint(video), reason="csam")
    assert (answer.status_code, Report.objects.count()) == (200, 3)
    assert "counted; its words were not kept" in send(video, mint(video), reason="csam").content.decode()
