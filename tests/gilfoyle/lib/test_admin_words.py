from datetime import timedelta

import pytest
from django.utils import timezone

from gilfoyle.lib import admin_words as words
from tests.admin_pages import HOSTILE


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (None, words.NONE),
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (10, "0:10"),
        (59.6, "1:00"),
        (3599.6, "1:00:00"),
        (3723, "1:02:03"),
        (43200, "12:00:00"),
    ],
)
def test_lengths(duration_s: float | None, text: str) -> None:
    assert words.clock(duration_s) == text


@pytest.mark.parametrize(
    ("bitrate_bps", "text"),
    [(0, words.NONE), (65_900, "66 kbit/s"), (999_400, "999 kbit/s"), (3_550_000, "3.5 Mbit/s")],
)
def test_bit_rates(bitrate_bps: int, text: str) -> None:
    assert words.rate_in_words(bitrate_bps) == text


@pytest.mark.parametrize(
    ("rate", "text"), [("", words.NONE), ("30000/1001", "29.97 fps"), ("25", "25 fps"), ("25/2", "12.5 fps")]
)
def test_frame_rates(rate: str, text: str) -> None:
    assert words.frame_rate_in_words(rate) == text


@pytest.mark.parametrize(
    ("codec", "text"),
    [("avc1.64001e", "H.264"), ("mp4a.40.2", "AAC"), ("av01.0.04M.08", "AV1"), ("odd", "odd")],
)
def test_codecs(codec: str, text: str) -> None:
    assert words.codec_in_words(codec) == text


def test_sound_and_picture() -> None:
    assert [words.sound_in_words(n) for n in (None, 0, 1, 2, 6)] == [
        words.NONE,
        words.NONE,
        "Mono",
        "Stereo",
        "6 channels",
    ]
    assert words.size_of_picture(640, 360) == "640 \N{MULTIPLICATION SIGN} 360"
    assert words.size_of_picture(None, 360) == words.NONE


def test_sizes() -> None:
    assert words.size_in_words(None) == words.NONE
    assert words.size_in_words(0) == "0\xa0bytes"
    assert words.size_in_words(3 * 1024**2) == "3.0\xa0MB"


@pytest.mark.parametrize(
    ("status", "tone"),
    [
        ("ready", "good"),
        ("failed", "bad"),
        ("processing", "busy"),
        ("held", "wait"),
        ("awaiting_upload", "plain"),
    ],
)
def test_statuses_have_their_colour(status: str, tone: str) -> None:
    assert f"gf-pill-{tone}" in words.pill(status)


def test_labels_read_as_words() -> None:
    assert ">Awaiting upload<" in words.pill("awaiting_upload")
    assert "gf-pill-wait" in words.pill("Expired", "wait")


def test_moments() -> None:
    now = timezone.now()
    assert words.when(None) == words.NONE
    assert words.ago(now) == "just now"
    assert words.ago(now - timedelta(hours=3, minutes=4)) == "3\xa0hours ago"
    assert words.ago(now + timedelta(seconds=30)) == "in a moment"
    assert words.ago(now + timedelta(days=2, minutes=1)) == "in 2\xa0days"
    assert f'datetime="{now.isoformat()}"' in words.when(now)


def test_progress_stays_in_its_bar() -> None:
    assert 'value="19"' in words.bar(19.2)
    assert 'value="100"' in words.bar(130)
    assert 'value="0"' in words.bar(-1)


def test_nothing_given_becomes_markup() -> None:
    for made in (words.pill(HOSTILE), words.clipped(HOSTILE), words.listed([HOSTILE])):
        assert "<script>" not in made.lower()
        assert "<img" not in made
        assert 'title="<' not in made
    assert words.clipped("") == words.NONE
    assert words.listed([]) == words.NONE


def test_names_and_commands_are_code_and_the_rest_stays_text() -> None:
    html = words.with_code("Run `manage.py doctor`, <b>or</b> `a<b`.")
    assert html == "Run <code>manage.py doctor</code>, &lt;b&gt;or&lt;/b&gt; <code>a&lt;b</code>."
    assert words.with_code("One ` alone") == "One ` alone"
