"""Real tus clients against the real web server."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tusclient.client import TusClient

from gilfoyle.lib import storage
from tests.factories import make_account, make_video
from tests.streaming.web_process import web_process
from tests.videos.uploads.cutting_proxy import cutting_proxy
from videos import layout
from videos.catalog.models import Video
from videos.uploads.models import Upload

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1024 * 1024
DATA = os.urandom(20 * MIB + 12345)


def require_source(video: Video, data: bytes) -> None:
    """The video's source is these very bytes, in storage and in the row."""
    video.refresh_from_db()
    assert video.status == "processing"
    assert video.source_sha256 == hashlib.sha256(data).hexdigest()
    name = layout.source_name(video.project_id, video.pk, video.source_upload_id)
    with storage.open_stored(name) as source:
        assert source.read() == data


def test_tuspy_uploads_through_many_cuts(tmp_path: Path, media_dir: Path) -> None:
    account = make_account()
    video = make_video(account.project)
    with (
        web_process(tmp_path) as web,
        cutting_proxy(urlsplit(web.url).port or 0, cuts=20, between_bytes=(64 * 1024, 2 * MIB)) as proxy,
    ):
        client = TusClient(
            f"http://127.0.0.1:{proxy.port}/api/v1/uploads/tus",
            headers={"Authorization": f"Bearer {account.key_text}"},
        )
        uploader = client.uploader(
            file_stream=io.BytesIO(DATA),
            metadata={"video_id": video.pk, "filename": "clip.mp4"},
            chunk_size=7 * MIB,
            retries=100,
            retry_delay=0,
        )
        uploader.upload()
        assert proxy.cut == 20
    require_source(video, DATA)
    upload = Upload.objects.get(video=video)
    assert (upload.status, upload.offset_bytes) == ("finished", len(DATA))
    assert [path for path in media_dir.rglob("*") if path.is_file()] == [
        Path(storage.local_path(layout.source_name(video.project_id, video.pk, upload.pk)) or "")
    ]
