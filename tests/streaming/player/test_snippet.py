from __future__ import annotations

import pytest

from streaming.player.snippet import FrameSize, iframe_html, plan_size


@pytest.mark.parametrize(
    ("picture", "limits", "size"),
    [
        ((1920, 1080), {}, (640, 360)),
        ((1080, 1920), {}, (360, 640)),
        ((1000, 1000), {}, (640, 640)),
        (None, {}, (640, 200)),
        ((1920, 1080), {"max_width_px": 320}, (320, 180)),
        ((1080, 1920), {"max_width_px": 360}, (360, 640)),
        ((1920, 1080), {"max_width_px": 1000, "max_height_px": 90}, (160, 90)),
        ((1080, 1920), {"max_height_px": 320}, (180, 320)),
        (None, {"max_width_px": 300, "max_height_px": 80}, (300, 80)),
        ((10_000, 10), {"max_width_px": 100}, (100, 1)),
    ],
)
def test_a_frame_has_the_picture_s_shape_and_fits(picture, limits, size):
    assert plan_size(picture, **limits) == FrameSize(*size)


def test_hostile_titles_and_addresses_stay_texts():
    html = iframe_html('https://a.example/"><script>', "\"'><img src=x onerror=alert(1)>", FrameSize(1, 1))
    assert html.count("<") == 2
    assert "onerror" in html
    assert "<img" not in html


def test_a_frame_without_a_title_is_named_still():
    assert 'title="Video"' in iframe_html("https://a.example", "", FrameSize(640, 360))
