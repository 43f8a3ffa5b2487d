from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.addresses import (
    FileClass,
    embed_path,
    parse_stored_file,
    play_folder,
    playback_addresses,
    storyboard_sheet_name,
    text_path,
)
from streaming.tokens.claims import Claims, Scope, sign_token
from tests.streaming.test_gate import POLICY
from videos.catalog.selectors import StoredImages

PROJECT, VIDEO, REVISION = "m4x0q7c2h9ab", "vid_" + "a" * 18, "R" * 16
TOKEN = sign_token(
    key_id="abc123",
    secret=b"secret",
    project_id=PROJECT,
    video_id=VIDEO,
    claims=Claims(Scope.PLAY, 1, 2, b"8 bytes!"),
)
FOLDER = play_folder(TOKEN, PROJECT, VIDEO, REVISION)


def test_segment_address_is_read():
    file = parse_stored_file(f"{FOLDER}v720/00042.m4s")
    assert file is not None
    assert (file.rendition, file.number, file.file_class) == ("v720", 42, FileClass.MEDIA)
    assert file.video.token == TOKEN
    assert (file.video.project_id, file.video.video_id, file.video.revision) == (PROJECT, VIDEO, REVISION)


def test_init_and_poster_addresses_are_read():
    init, poster = parse_stored_file(f"{FOLDER}a0/init.mp4"), parse_stored_file(f"{FOLDER}poster.jpg")
    assert init is not None
    assert poster is not None
    assert (init.rendition, init.number, init.file_class) == ("a0", None, FileClass.MEDIA)
    assert (poster.rendition, poster.file_class) == (None, FileClass.IMAGE)


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("poster.jpg", "poster"),
        ("poster.webp", "poster"),
        ("poster.avif", "poster"),
        ("storyboard-000.jpg", "storyboard"),
        (storyboard_sheet_name(12), "storyboard"),
        ("preview.webp", "preview"),
    ],
)
def test_picture_addresses_are_read(file, kind):
    read = parse_stored_file(FOLDER + file)
    assert read is not None
    assert (read.image, read.image_kind, read.file_class) == (file, kind, FileClass.IMAGE)


def test_each_kind_of_picture_has_its_address():
    for kinds in ((), ("poster",), ("poster", "storyboard", "preview")):
        policy = dataclasses.replace(POLICY, images=tuple(StoredImages(kind, 1) for kind in kinds))
        addresses = playback_addresses(public_url="https://v.example", token="T", policy=policy)
        folder = "https://v.example" + play_folder("T", PROJECT, VIDEO, REVISION)
        for kind, file in (
            ("poster", "poster.jpg"),
            ("storyboard", "storyboard.vtt"),
            ("preview", "preview.webp"),
        ):
            assert addresses[f"{kind}_url"] == (folder + file if kind in kinds else None)


@pytest.mark.parametrize(
    "file",
    [
        "v720/42.m4s",
        "v720/000042.m4s",
        "v720/00042.m4s/",
        "v720/00042.m4s\n",
        "v720/00042.mp4",
        "v720/00042.m4s.jpg",
        "v720/٠٠٠٤٢.m4s",
        "v720/-0042.m4s",
        "../v720/00042.m4s",
        "v720/../00042.m4s",
        "./v720/00042.m4s",
        "v720//00042.m4s",
        "%2e%2e/00042.m4s",
        "v720%2f00042.m4s",
        "v720\\00042.m4s",
        "V720/00042.m4s",
        "720/00042.m4s",
        "v720/init.mp4\0",
        "init.mp4",
        "v720/poster.jpg",
        "poster.jpg/",
        "poster.jpeg",
        "poster-1.jpg",
        "poster.gif",
        "storyboard.jpg",
        "storyboard-0.jpg",
        "storyboard-0000.jpg",
        "storyboard-\u0660\u0660\u0660.jpg",
        "storyboard-000.webp",
        "storyboard.vtt",
        "preview.jpg",
        "v720/preview.webp",
        "source",
        "",
        "v" * 17 + "/init.mp4",
    ],
)
def test_other_spellings_are_no_addresses(file):
    assert parse_stored_file(FOLDER + file) is None


@pytest.mark.parametrize(
    "path",
    [
        f"/play/{TOKEN}/{PROJECT}/{VIDEO}/poster.jpg",
        f"/play/{TOKEN}/{PROJECT.upper()}/{VIDEO}/{REVISION}/poster.jpg",
        f"/play/{TOKEN}/{PROJECT}/vid_x/{REVISION}/poster.jpg",
        f"/play/{TOKEN}/{PROJECT}/{VIDEO}/{REVISION}x/poster.jpg",
        f"/play/{TOKEN}%00/{PROJECT}/{VIDEO}/{REVISION}/poster.jpg",
        f"//play/{TOKEN}/{PROJECT}/{VIDEO}/{REVISION}/poster.jpg",
        f"/Play/{TOKEN}/{PROJECT}/{VIDEO}/{REVISION}/poster.jpg",
        f"/play/short/{PROJECT}/{VIDEO}/{REVISION}/poster.jpg",
    ],
)
def test_other_folders_are_no_addresses(path):
    assert parse_stored_file(path) is None


def test_long_numbers_have_one_spelling():
    numbers = {text: parse_stored_file(f"{FOLDER}v720/{text}.m4s") for text in ("99999", "100000", "012345")}
    assert [file.number if file else None for file in numbers.values()] == [99_999, 100_000, None]


@given(st.text(max_size=80))
def test_any_path_is_an_address_or_none(text):
    for path in (text, FOLDER + text):
        file = parse_stored_file(path)
        assert file is None or path.startswith("/play/")


def test_embed_path_names_the_sites_that_may_frame_it():
    assert embed_path("T", PROJECT, VIDEO) == f"/embed/T/{PROJECT}/{VIDEO}"
    assert embed_path("T", PROJECT, VIDEO, ("https://a.example",)).endswith("?origin=https%3A%2F%2Fa.example")


def test_a_whole_text_lies_below_its_revision():
    assert text_path("trk_1") == "text/trk_1.vtt"
