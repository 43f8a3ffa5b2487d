from __future__ import annotations

import time

import pytest
from django.conf import settings

from streaming.addresses import FileClass, VideoAddress, embed_path
from streaming.errors import NothingToExplain
from streaming.explain.asking import Question, explain, read_wish
from streaming.revocations.denials import SESSION
from streaming.revocations.services import Wanted, revoke
from streaming.tokens.claims import Clip, parse_token
from streaming.tokens.key_services import revoke_key
from tests.streaming.clip import store_video
from tests.streaming.conftest import LIMITS, folder_of, forged

PROJECT, VIDEO, TOKEN = "m4x0q7c2h9ab", "vid_" + "a" * 18, "t" * 54
FOLDER = f"/play/{TOKEN}/{PROJECT}/{VIDEO}/{'R' * 16}/"


def ask(video, **question):
    return explain(
        Question(video.project_id, video.pk, **question),
        own_origin="https://video.example",
        root_secret=lambda: settings.GILFOYLE_ROOT_SECRET,
        now_s=time.time(),
    )


def failed(trace):
    return [step.name for step in trace.steps if step.outcome == "failed"]


@pytest.mark.parametrize(
    ("file", "file_class", "rendition"),
    [
        ("master.m3u8", FileClass.MEDIA, None),
        ("manifest.mpd", FileClass.MEDIA, None),
        ("v720/index.m3u8", FileClass.MEDIA, "v720"),
        ("v720/00001.m4s", FileClass.MEDIA, "v720"),
        ("v720/init.mp4", FileClass.MEDIA, "v720"),
        ("v720/key", FileClass.KEY, "v720"),
        ("poster.jpg", FileClass.IMAGE, None),
        ("storyboard.vtt", FileClass.IMAGE, None),
        ("text/trk_" + "a" * 18 + ".vtt", FileClass.CAPTION, None),
        ("text/trk_" + "a" * 18 + "/index.m3u8", FileClass.CAPTION, None),
        ("text/trk_" + "a" * 18 + "/00001.vtt", FileClass.CAPTION, None),
    ],
)
def test_a_file_is_asked_for_as_players_ask(file, file_class, rendition):
    for question in (
        Question(PROJECT, VIDEO, token=TOKEN, file=file),
        Question(PROJECT, VIDEO, address=f"https://video.example{FOLDER}{file}?x=1"),
    ):
        wish = read_wish(question)
        assert (wish.file_class, wish.rendition, wish.video.token) == (file_class, rendition, TOKEN)


@pytest.mark.parametrize("file", ["", "source", "../x", "v720/1.m4s", "v720/../v1080/init.mp4", "text/x.vtt"])
def test_what_no_video_has_can_not_be_asked_for(file):
    with pytest.raises(NothingToExplain):
        read_wish(Question(PROJECT, VIDEO, token=TOKEN, file=file))


def test_addresses_of_pages_and_of_later_tokens_are_understood():
    assert (
        read_wish(Question(PROJECT, VIDEO, address=embed_path(TOKEN, PROJECT, VIDEO))).video.revision is None
    )
    owner = f"{TOKEN}/{PROJECT}/{VIDEO}"
    for address in (
        f"/play/{owner}/refresh",
        f"/play/{owner}/master.m3u8",
        f"/embed/{owner}/state.json",
        f"/report/{owner}?t=83",
    ):
        assert read_wish(Question(PROJECT, VIDEO, address=address)).video == VideoAddress(
            TOKEN, PROJECT, VIDEO
        )


@pytest.mark.parametrize(
    "address", ["/", "https://other.example/", FOLDER, FOLDER.replace("a", "b") + "master.m3u8"]
)
def test_other_addresses_are_refused_in_words(address):
    with pytest.raises(NothingToExplain):
        read_wish(Question(PROJECT, VIDEO, address=address))


def test_rows_are_read_as_they_are(video, mint):
    token = mint(video, group="team 7")
    assert ask(video, token=token).is_allowed
    assert ask(video, address=folder_of(video, token) + "v240/00000.m4s").is_allowed
    wanted = Wanted(SESSION, parse_token(token).claims.session.hex())
    revoke(project_id=video.project_id, wanted=wanted, limits=LIMITS, now=video.created_at, by="test")
    assert failed(ask(video, token=token)) == ["revoked"]
    video.restriction = "blocked"
    video.save()
    assert failed(ask(video, token=token)) == ["revoked", "restriction"]
    assert failed(ask(video)) == ["restriction"]
    revoke_key(key_id=token[:6])
    assert failed(ask(video, token=token)) == ["key", "revoked", "restriction"]


def test_what_is_no_token_and_what_is_forged_is_said_so(video, mint):
    assert failed(ask(video, token="x" * 54)) == ["shape"]
    assert failed(ask(video, token=forged(mint(video)))) == ["signature"]
    other = store_video()
    assert failed(ask(video, token=mint(other))) == ["key"]  # nothing is told of another project's key


def test_a_site_is_asked_about(video, mint):
    token = mint(video, origins=("https://a.example",))
    assert ask(video, token=token, origin="https://a.example").is_allowed
    assert failed(ask(video, token=token, origin="https://b.example")) == ["site"]
    assert ask(video, token=token, origin="https://video.example").is_allowed


def test_what_a_clip_opens_is_told(video, mint):
    token = mint(video, clip=Clip(1500, 4500))

    def told(file):
        trace = ask(video, token=token, file=file)
        return trace.is_allowed, {step.name: step.found for step in trace.steps}["clip"]

    part = "From 1.5 s to 4.5 s."
    assert told("master.m3u8") == (True, part)
    assert told("v240/00002.m4s") == (True, f"{part} It opens segments 0 to 2 of v240; asked for 2.")
    assert told("v240/00003.m4s") == (False, f"{part} It opens segments 0 to 2 of v240; asked for 3.")
    assert told("v999/00000.m4s") == (False, f"{part} It opens no segment of v999; asked for 0.")
    text = f"text/trk_{'a' * 18}/00002.vtt"
    assert told(text) == (False, f"{part} It opens segments 0 to 1 of the text; asked for 2.")
    for picture in ("poster.jpg", "storyboard.vtt", "preview.webp"):
        assert told(picture) == (False, f"{part} Asked for a picture, which is of the whole video.")


def test_a_clip_that_can_not_be_kept_is_told(settings, video, mint):
    storage = settings.GILFOYLE.storage.model_copy(update={"is_public": True})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": storage})
    trace = ask(video, token=mint(video, clip=Clip(0, 1000)))
    assert failed(trace) == ["limits"]
    found = {step.name: step.found for step in trace.steps}["limits"]
    assert found == "It is for a clip, and one key opens whole files that others can fetch."
