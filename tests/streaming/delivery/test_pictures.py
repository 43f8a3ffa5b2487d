from __future__ import annotations

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError

from gilfoyle.lib import storage
from streaming.admission import admission
from streaming.delivery import pictures
from streaming.tokens.claims import VIEWER_SCOPES, Scope
from tests.streaming.clip import image_folder, make_clip, store_image, store_video
from tests.streaming.conftest import folder_of
from tests.streaming.delivery.test_raw import call, config_with
from videos.catalog.models import ContentKey, Video
from videos.catalog.services import delete_video

pytestmark = pytest.mark.django_db
SHEET = b"\xff\xd8 a sheet of tiles"


@pytest.fixture
def video() -> Video:
    return store_video(is_encrypted=True)


@pytest.mark.parametrize("delivery", ["direct", "x_accel"])
def test_viewers_get_pictures_opened_whoever_sends_the_rest(delivery, video, mint):
    config = config_with(delivery=delivery)
    store_image(video, "storyboard", "storyboard-000.jpg", SHEET)
    folder = folder_of(video, mint(video))
    poster, sheet = (call(folder + file, config=config) for file in ("poster.jpg", "storyboard-000.jpg"))
    assert (poster.status, poster.body) == (200, make_clip().poster)
    assert (sheet.status, sheet.body) == (200, SHEET)
    assert poster.headers["Content-Type"] == "image/jpeg"
    assert "X-Accel-Redirect" not in poster.headers
    assert poster.headers["Content-Length"] == str(len(make_clip().poster))
    same = call(folder + "poster.jpg", config=config, if_none_match=poster.headers["ETag"])
    assert (same.status, same.body) == (304, b"")
    part = call(folder + "poster.jpg", config=config, range="bytes=2-5")
    assert (part.status, part.body) == (206, make_clip().poster[2:6])
    head = call(folder + "poster.jpg", "HEAD", config=config)
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(poster.body)))


def test_the_store_has_none_of_them_in_the_clear(video):
    with storage.open_stored(f"{image_folder(video, 'poster')}/poster.jpg") as stored:
        data = stored.read()
    assert b"\xff\xd8" not in data[:200]
    assert make_clip().poster[:200] not in data


def test_refusals(video, mint, monkeypatch):
    token = mint(video)
    folder = folder_of(video, token)
    without = mint(video, scope=VIEWER_SCOPES & ~Scope.IMAGES)
    assert call(folder_of(video, without) + "poster.jpg").status == 403
    assert call(folder + "poster.webp").status == 404
    monkeypatch.setattr(pictures, "find_cipher", _no_database)
    assert call(folder + "poster.jpg").status == 503


def _no_database(**_):
    raise DatabaseError


def test_another_root_secret_opens_none(video, mint, settings):
    token = mint(video)
    assert call(folder_of(video, token) + "poster.jpg").status == 200
    ContentKey.objects.update(wrapped=b"\x01" + bytes(60))
    assert call(folder_of(video, token) + "poster.jpg").status == 503


def test_what_was_deleted_shows_no_picture_even_while_the_gate_still_says_yes(video, mint):
    folder = folder_of(video, mint(video))
    assert call(folder + "poster.jpg").status == 200
    delete_video(video=video)
    assert call(folder + "poster.jpg").status == 404
    admission.forget()
    assert call(folder + "poster.jpg").status == 404
    assert django_settings.GILFOYLE.playback.delivery == "direct"
