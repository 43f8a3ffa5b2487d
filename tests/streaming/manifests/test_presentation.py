from __future__ import annotations

from dataclasses import replace

from streaming.manifests.presentation import Presentation, load_presentation
from tests.streaming.clip import SEGMENTS, store_rendition
from tests.streaming.manifests.presentations import AUDIO, AUDIO_ONLY, EVERY_CODEC, GROWING, LADDER, growing
from videos.tracks.selectors import PlayableTrack

TRACK = PlayableTrack(
    "trk_1", "subtitles", "en", "English", is_default=False, is_forced=False, stored_name=""
)


def test_rows_become_a_presentation(video):
    shown = load_presentation(video.pk, video.revision)
    assert [one.name for one in shown.video] == ["v240", "v144"]
    assert [one.name for one in shown.audio] == ["a0"]
    assert shown.is_complete
    assert [len(one.index.segments) for one in shown.video] == [SEGMENTS, SEGMENTS]


def test_a_rendition_without_segments_is_not_shown(video):
    video.renditions.filter(name="v240").delete()
    store_rendition(video, "v240", segments=0, is_complete=False)
    video.renditions.get(name="v144").runs.all().delete()
    shown = load_presentation(video.pk, video.revision)
    assert [one.name for one in shown.video] == []
    assert [one.name for one in shown.audio] == ["a0"]


def test_another_revision_is_another_presentation(video):
    assert load_presentation(video.pk, "S" * 16) == Presentation((), (), planned_s=8.0)


def test_a_height_limits_video_alone():
    assert [one.name for one in LADDER.limited_to(720).video] == ["v720", "v360"]
    assert LADDER.limited_to(100).video == ()
    assert LADDER.limited_to(100).audio == (AUDIO,)
    assert LADDER.limited_to(None) is LADDER


def test_the_end_is_known_once_one_picture_is_whole():
    copy = replace(LADDER.video[0], name="v1080copy", is_stopgap=True)
    assert LADDER.is_end_known
    assert not GROWING.is_end_known
    assert not replace(GROWING, audio=(AUDIO,)).is_end_known, "sound does not tell when the picture ends"
    assert replace(GROWING, video=(copy, *GROWING.video)).is_end_known
    assert AUDIO_ONLY.is_end_known


def test_newcomers_hear_of_a_stopgap_until_the_encoded_video_is_whole():
    copy = replace(LADDER.video[0], name="v1080copy", is_stopgap=True)
    early = Presentation((copy,), (AUDIO,))
    growing = replace(GROWING, video=(copy, *GROWING.video))
    whole = replace(LADDER, video=(copy, *LADDER.video))
    assert early.for_newcomers() == early
    assert growing.for_newcomers() == growing
    assert whole.for_newcomers() == LADDER
    assert whole.find("v1080copy") is copy, "who began with it plays it to its end"


def test_newcomers_are_told_of_further_codecs_once_they_are_whole():
    growing_vp9 = [growing(one, 1) for one in EVERY_CODEC.video if one.codec.startswith("vp09")]
    others = [one for one in EVERY_CODEC.video if not one.codec.startswith(("vp09", "hvc1"))]
    shown = replace(EVERY_CODEC, video=(*others, *growing_vp9)).for_newcomers()
    assert {one.codec[:4] for one in shown.video} == {"avc1", "av01"}
    alone = replace(EVERY_CODEC, video=tuple(growing_vp9))
    assert alone.for_newcomers() == alone, "better than nothing"
    assert replace(EVERY_CODEC, text=(TRACK,)).for_newcomers().text == (TRACK,)


def test_the_fingerprint_changes_with_segments_and_with_the_end():
    assert LADDER.fingerprint != GROWING.fingerprint
    assert LADDER.fingerprint[0] == ("v1080", 3, True)
    assert GROWING.fingerprint[0] == ("v1080", 1, False)
    assert GROWING.with_text((TRACK,)).fingerprint not in {GROWING.fingerprint, LADDER.fingerprint}
    shown_by_itself = replace(TRACK, is_default=True)
    assert GROWING.with_text((TRACK,)).fingerprint != GROWING.with_text((shown_by_itself,)).fingerprint


def test_the_end_is_that_of_pictures_else_of_sound():
    assert round(LADDER.end_s, 3) == round(285 * 1001 / 30_000, 3)
    assert round(AUDIO_ONLY.end_s, 3) == round(446 * 1024 / 48_000, 3)
    assert Presentation((), ()).end_s == 0


def test_text_stays_under_a_height_limit():
    assert LADDER.with_text((TRACK,)).limited_to(100).text == (TRACK,)


def test_renditions_are_found_by_name():
    assert LADDER.find("a0") is AUDIO
    assert LADDER.find("v1") is None
