"""The whole way: a file is sent, and a person's browser plays it, also while it is still being made."""

from __future__ import annotations

from pathlib import Path

import pytest

from gilfoyle.frontend.build import HLS, is_built
from tests.browser import choices, choose, look, open_menu, play, quiet_page, running_chromium, wait_until
from tests.clips import make_clip
from tests.embedded import Gilfoyle
from tests.embedded import wait_until as wait_here
from tests.journeys.consumer import job, playback, upload, video, wait_until_ready
from tests.services import require_service

pytestmark = [pytest.mark.embedded, pytest.mark.browser]

DURATION_S = 24


def test_an_uploaded_video_plays_while_it_is_made_and_to_its_end(
    shared_gilfoyle: Gilfoyle, tmp_path: Path
) -> None:
    require_service("hls.js", present=is_built(HLS))
    client = shared_gilfoyle.client
    source = make_clip(tmp_path / "a.mp4", duration_s=DURATION_S, size=(1280, 720))
    with running_chromium() as browser, quiet_page(browser) as page:
        video_id = upload(client, source, title="Still in the making")
        wait_here(lambda: video(client, video_id)["playable"], what="the video to be playable")
        assert video(client, video_id)["status"] == "processing", "the clip is too short to be seen growing"
        page.goto(playback(client, video_id)["embed_url"])
        play(page)
        wait_until_ready(client, video_id)
        # It may have come to its end meanwhile, and stands there.
        look(page, f"(video.currentTime = {DURATION_S - 3}, video.play())")
        wait_until(page, "video.ended")
        assert abs(look(page, "video.currentTime") - DURATION_S) < 0.2
        # Who comes later finds all sizes that the trial left, and not the stop-gap.
        rows = client.get(f"/api/v1/videos/{video_id}/renditions").json()
        heights = [row["height"] for row in rows if row["kind"] == "video" and not row["is_stopgap"]]
        assert {720, 240} <= set(heights)
        page.goto(playback(client, video_id)["embed_url"])
        look(page, "(video.loop = true)")  # so that there is always something to come in another size
        play(page)
        open_menu(page, "Quality")
        assert choices(page) == ["Auto", *(f"{height}p" for height in heights)]
        page.keyboard.press("Escape")
        for height in (240, 720):
            choose(page, "Quality", f"{height}p")
            wait_until(page, f"video.videoHeight === {height}")


@pytest.mark.whole
def test_a_viewer_plays_on_while_the_video_is_processed_again(
    shared_gilfoyle: Gilfoyle, tmp_path: Path
) -> None:
    require_service("hls.js", present=is_built(HLS))
    client = shared_gilfoyle.client
    source = make_clip(tmp_path / "a.mp4", duration_s=6, size=(320, 180))
    video_id = upload(client, source)
    wait_until_ready(client, video_id)
    before = playback(client, video_id)
    with running_chromium() as browser, quiet_page(browser) as page:
        page.goto(before["embed_url"])  # nothing but a list is loaded before he begins
        answer = client.post(f"/api/v1/videos/{video_id}/reprocess", json={})
        assert answer.status_code == 202, answer.text
        wait_here(lambda: job(client, video_id)["status"] != "active", what="it to be processed again")
        assert job(client, video_id)["status"] == "done"
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        play(page)
        wait_until(page, "video.ended")
        segments = [url for url in asked if url.endswith(".m4s")]
        old = before["hls_url"].rpartition("/")[0]
        assert segments
        assert all(url.startswith(old) for url in segments), "he gets what the video was when he came"
        after = playback(client, video_id)
        assert after["hls_url"].split("/")[-2] != before["hls_url"].split("/")[-2]
        page.goto(after["embed_url"])
        play(page)
