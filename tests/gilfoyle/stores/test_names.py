import pytest

from gilfoyle.stores.names import REVISION, SELF_TEST, SOURCE, TRACK, UNFINISHED, UPLOAD, Parsed, parse_name
from videos import layout

PROJECT, VIDEO, UPLOAD_ID, REV = (
    "k3v9x2m1q0ab",
    "vid_tR57r2mUEEZlq6CnLA",
    "upl_XRAKxxxwUPc2Haz8DC",
    "apmai9bcoTaRtqEM",
)
RENDITION = layout.rendition_folder(PROJECT, VIDEO, REV, "v720-hevc")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (layout.source_name(PROJECT, VIDEO, UPLOAD_ID), Parsed(SOURCE, PROJECT, VIDEO)),
        (layout.source_name(PROJECT, VIDEO, UPLOAD_ID, "aB3"), Parsed(SOURCE, PROJECT, VIDEO)),
        (layout.upload_piece_name(PROJECT, UPLOAD_ID, "direct"), Parsed(UPLOAD, PROJECT, UPLOAD_ID)),
        (layout.init_name(RENDITION), Parsed(REVISION, PROJECT, VIDEO, REV)),
        (layout.segment_name(RENDITION, 123_456), Parsed(REVISION, PROJECT, VIDEO, REV)),
        (layout.track_name(PROJECT, VIDEO, REV, "trk_1"), Parsed(REVISION, PROJECT, VIDEO, REV)),
        (layout.track_name(PROJECT, VIDEO, "", "trk_1"), Parsed(TRACK, PROJECT, VIDEO)),
        *(
            (f"{layout.image_folder(PROJECT, VIDEO, REV, 'poster', version)}/poster.jpg", Parsed(REVISION, PROJECT, VIDEO, REV))
            for version in (0, 1, 12)
        ),
        (
            f"{layout.image_folder(PROJECT, VIDEO, REV, 'storyboard', 2)}/storyboard-012.jpg",
            Parsed(REVISION, PROJECT, VIDEO, REV),
        ),
        ("doctor/abc", Parsed(SELF_TEST)),
        ("sources/selftest/abc", Parsed(SELF_TEST)),
        ("incoming/abc", Parsed(UNFINISHED)),
    ],
)  # fmt: skip
def test_names_that_are_made_are_understood(name: str, said: Parsed) -> None:
    assert parse_name(name) == said


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sources",
        f"sources/{PROJECT}/{VIDEO}/{UPLOAD_ID}/source/",
        f"sources/{PROJECT}/../{UPLOAD_ID}/source",
        f"sources/{PROJECT}/{VIDEO}/./source",
        f"sources//{VIDEO}/{UPLOAD_ID}/source",
        f"/sources/{PROJECT}/{VIDEO}/{UPLOAD_ID}/source",
        f"sources/{PROJECT}/{VIDEO}/{UPLOAD_ID}/source\n",
        f"sources/{PROJECT}/{VIDEO}/{UPLOAD_ID}/sourcé",
        f"uploads/{PROJECT}/{UPLOAD_ID}/one/two",
        f"renditions/{PROJECT}/{VIDEO}/{REV}/v720/00001.m4s.bak",
        f"renditions/{PROJECT}/{VIDEO}/{REV}/v720/\N{ARABIC-INDIC DIGIT ONE}0000.m4s",
        f"renditions/{PROJECT}/{VIDEO}/{REV}/poster-1/evil.html",
        "backup/database.dump",
        "doctor/../sources",
    ],
)
def test_anything_else_is_not_ours(name: str) -> None:
    assert parse_name(name) is None
