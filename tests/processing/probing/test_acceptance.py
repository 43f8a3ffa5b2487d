from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from gilfoyle.lib.config import EncodingSettings, UploadSettings
from processing.errors import (
    CodecNotAccepted,
    ContainerNotAccepted,
    NoPlayableStream,
    PictureTooLarge,
    SourceEncrypted,
    SourceTooLong,
    SourceUnreadable,
)
from processing.probing.acceptance import (
    require_accepted_container,
    require_readable,
    require_within_limits,
)
from tests.processing import facts

ENCODING = EncodingSettings(max_pixels=1_000_000)
VIDEO = {"type": "video", "codec": "h264", "is_cover": False}
SOUND = {"type": "audio", "codec": "aac", "is_cover": False}
COVER = {"type": "video", "codec": "png", "is_cover": True}


FRAME = {"transfer": 1, "matrix": 1, "is_dolby_vision": False}
SEEN = {"decodes": True, "tag": "avc1", "transfer": 1, "frame": FRAME}


def readable(**document: Any) -> None:
    require_readable({"streams": [], **document}, ENCODING)


def test_what_decodes_is_accepted() -> None:
    readable(streams=[VIDEO], video=SEEN)
    readable(streams=[SOUND, COVER], audio=[{"decodes": False}, {"decodes": True}])
    readable(streams=[VIDEO, SOUND], video=SEEN, audio=[{"decodes": False}])


@pytest.mark.parametrize(
    ("tag", "transfer", "frame"),
    [
        ("hvc1", 18, {**FRAME, "transfer": 18, "is_dolby_vision": True}),  # profile 8.4, as phones record it
        ("hev1", 16, {**FRAME, "transfer": 16, "is_dolby_vision": True}),  # profile 8.1
        ("dvh1", 16, {**FRAME, "transfer": 2}),
        ("hvc1", 2, {**FRAME, "transfer": 2}),  # no Dolby Vision, and no tags either
    ],
)
def test_dolby_vision_with_a_base_layer_is_accepted(tag: str, transfer: int, frame: dict[str, Any]) -> None:
    readable(streams=[VIDEO], video={**SEEN, "tag": tag, "transfer": transfer, "frame": frame})


@pytest.mark.parametrize(
    ("tag", "frame"),
    [
        ("dvh1", {**FRAME, "transfer": 2}),
        ("dvhe", {**FRAME, "transfer": 0}),
        ("", {**FRAME, "transfer": 2, "is_dolby_vision": True}),
        ("hev1", {**FRAME, "matrix": 15}),
    ],
)
def test_dolby_vision_that_only_its_own_decoders_can_show_is_refused(tag: str, frame: dict[str, Any]) -> None:
    with pytest.raises(CodecNotAccepted, match="profile 5") as caught:
        readable(streams=[VIDEO], video={**SEEN, "tag": tag, "transfer": 2, "frame": frame})
    assert "HDR10" in caught.value.hint


def test_a_video_is_never_taken_as_mere_sound() -> None:
    with pytest.raises(SourceUnreadable):
        readable(
            streams=[VIDEO, SOUND], video={"decodes": False}, audio=[{"decodes": False}, {"decodes": True}]
        )
    with pytest.raises(CodecNotAccepted, match="magicyuv"):
        readable(
            streams=[{**VIDEO, "codec": "magicyuv"}, SOUND], audio=[{"decodes": False}, {"decodes": True}]
        )


def test_what_does_not_decode_is_damaged() -> None:
    with pytest.raises(SourceUnreadable, match="damaged"):
        readable(streams=[SOUND], audio=[{"decodes": False}])
    with pytest.raises(SourceUnreadable):
        readable(problem="unreadable", detail="moov atom not found")


def test_unknown_codecs_are_named() -> None:
    with pytest.raises(CodecNotAccepted, match="dts"):
        readable(streams=[{**SOUND, "codec": "dts"}])


def test_a_film_whose_sound_is_unknown_is_not_taken_as_silent() -> None:
    with pytest.raises(CodecNotAccepted, match="wmav2"):
        readable(streams=[VIDEO, {**SOUND, "codec": "wmav2", "decoder": "wmav2"}], video=SEEN)
    readable(streams=[VIDEO, {**SOUND, "decoder": "aac"}], video=SEEN)  # a track without a sample


def test_protected_films_are_refused_as_such() -> None:
    with pytest.raises(SourceEncrypted, match="encrypted"):
        readable(streams=[VIDEO], video={"decodes": False, "is_encrypted": True})
    with pytest.raises(SourceEncrypted):
        readable(streams=[VIDEO, SOUND], video=SEEN, audio=[{"decodes": False, "is_encrypted": True}])


def test_nothing_to_see_or_hear_is_refused() -> None:
    with pytest.raises(NoPlayableStream):
        readable(streams=[COVER, {"type": "subtitle", "codec": "subrip", "is_cover": False}])


def test_a_huge_picture_is_refused_before_and_after_decoding() -> None:
    with pytest.raises(PictureTooLarge, match="8192 x 8192"):
        readable(problem="picture_too_large", video={"width": 8192, "height": 8192})
    with pytest.raises(PictureTooLarge, match="1920 x 1080"):
        require_within_limits(facts.info(), upload=UploadSettings(), encoding=ENCODING)


def test_the_length_is_limited_in_words() -> None:
    with pytest.raises(SourceTooLong, match="0:01:40, longer than the 0:00:30"):
        require_within_limits(
            facts.info(), upload=UploadSettings(max_duration_s=30), encoding=EncodingSettings()
        )


def test_something_without_length_is_damaged() -> None:
    info = facts.info(video=None, audio=facts.sound(end_s=Fraction(0)))
    with pytest.raises(SourceUnreadable):
        require_within_limits(info, upload=UploadSettings(), encoding=EncodingSettings())


def test_operators_choose_containers() -> None:
    mp4_only = UploadSettings(containers=("mp4",))
    require_accepted_container("mp4", mp4_only)
    with pytest.raises(ContainerNotAccepted, match="AVI") as caught:
        require_accepted_container("avi", mp4_only)
    assert caught.value.hint == "Accepted: MP4 or MOV."
