"""Who cancels or deletes a video stops its work within seconds: ffmpeg is gone, and nothing more is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.clips import make_clip, run_tool
from tests.embedded import Gilfoyle, ask, running_gilfoyle, wait_until
from tests.journeys.consumer import upload, video, wait_until_ready
from tests.lengths import mostly_whole

pytestmark = pytest.mark.embedded

# Slow on purpose: without the cancellation this encode would go on for minutes.
SETTINGS = "encoding: {preset: slower, opening_s: 4, chunk_s: 60, slots: 1}\n"
WITHIN_S = 20.0  # a renewal of the lease notices it; the rest is for a busy machine


@pytest.fixture(scope="module")
def gilfoyle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gilfoyle]:
    folder = tmp_path_factory.mktemp("cancel")
    settings = folder / "settings.yaml"
    settings.write_text(SETTINGS)
    with running_gilfoyle(folder, environment={"GILFOYLE_SETTINGS": str(settings)}) as running:
        yield running


@pytest.fixture(scope="module")
def long_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "long.avi"
    run_tool("-f", "lavfi", "-i", "testsrc2=s=960x540:r=25:d=60", "-c:v", "mpeg4", "-q:v", "9", path)
    return path


def ffmpegs_of(gilfoyle: Gilfoyle, video_id: str) -> list[psutil.Process]:
    """Return the ffmpegs that read this video's source."""
    return [
        process
        for process in gilfoyle.family()
        if "ffmpeg" in (ask(process, psutil.Process.name) or "")
        and any(video_id in part for part in words_of(process))
    ]


def words_of(process: psutil.Process) -> list[str]:
    return ask(process, psutil.Process.cmdline) or []


def stored(gilfoyle: Gilfoyle, video_id: str) -> dict[str, int]:
    paths = (gilfoyle.data_dir / "media" / "renditions").rglob("*")
    return {str(path): path.stat().st_size for path in paths if video_id in str(path) and path.is_file()}


def cancel(gilfoyle: Gilfoyle, video_id: str) -> None:
    assert gilfoyle.client.post(f"/api/v1/videos/{video_id}/cancel").status_code == 200
    ended = video(gilfoyle.client, video_id)
    assert (ended["status"], ended["failure"]["code"]) == ("failed", "cancelled")


def delete(gilfoyle: Gilfoyle, video_id: str) -> None:
    assert gilfoyle.client.delete(f"/api/v1/videos/{video_id}").status_code == 204
    assert gilfoyle.client.get(f"/api/v1/videos/{video_id}").status_code == 404


@pytest.mark.parametrize("stop", mostly_whole([cancel, delete], delete))
def test_a_running_encode_is_stopped(
    stop: Callable[[Gilfoyle, str], None], gilfoyle: Gilfoyle, long_source: Path, tmp_path: Path
) -> None:
    video_id = upload(gilfoyle.client, long_source)
    wait_until(
        lambda: any("libx264" in words_of(p) for p in ffmpegs_of(gilfoyle, video_id)),
        what="an encode to be under way",
    )
    stop(gilfoyle, video_id)
    wait_until(lambda: not ffmpegs_of(gilfoyle, video_id), what="its ffmpeg to be gone", patience_s=WITHIN_S)
    wait_until(lambda: not scratch(gilfoyle), what="its scratch folders to be gone", patience_s=WITHIN_S)
    before = stored(gilfoyle, video_id)
    # Another video goes through all the same workers meanwhile: they live, and none works for the stopped one.
    other = make_clip(tmp_path / "other.mp4", duration_s=1, size=(96, 64), audio=False)
    wait_until_ready(gilfoyle.client, upload(gilfoyle.client, other))
    assert not ffmpegs_of(gilfoyle, video_id)
    after = stored(gilfoyle, video_id)
    assert after in (before, {})  # a deleted video's objects may be purged by now


def scratch(gilfoyle: Gilfoyle) -> list[Path]:
    folder = gilfoyle.data_dir / "work"
    return list(folder.iterdir()) if folder.exists() else []
