from __future__ import annotations

from dataclasses import replace

from streaming.manifests.cache import (
    GROWING_AGE_S,
    WHOLE_AGE_S,
    ManifestName,
    _age_s,
    get_presentation,
    get_rendered,
)
from streaming.manifests.presentation import Presentation
from tests.streaming.manifests.presentations import GROWING, LADDER


def test_a_text_is_rendered_once_for_each_state():
    rendered = []

    def render() -> str:
        rendered.append(1)
        return f"text {len(rendered)}"

    name = ManifestName("vid_cache_test", "R" * 16, "master.m3u8", None)
    assert get_rendered(name, LADDER, render) == "text 1"
    assert get_rendered(name, LADDER, render) == "text 1"
    assert get_rendered(name, GROWING, render) == "text 2"
    assert (
        get_rendered(ManifestName("vid_cache_test", "R" * 16, "master.m3u8", 720), LADDER, render) == "text 3"
    )
    assert (
        get_rendered(ManifestName("vid_cache_test", "S" * 16, "master.m3u8", None), LADDER, render)
        == "text 4"
    )


def test_what_grows_or_is_empty_is_soon_asked_for_again():
    assert _age_s(LADDER) == WHOLE_AGE_S
    assert _age_s(GROWING) == _age_s(Presentation((), ())) == GROWING_AGE_S <= 1


def test_a_whole_presentation_costs_no_second_query(video, django_assert_num_queries):
    first = get_presentation(video.pk, video.revision)
    with django_assert_num_queries(0):
        assert get_presentation(video.pk, video.revision) is first


def test_what_is_told_to_nobody_yet_keeps_nothing_young() -> None:
    further = replace(LADDER.video[0], name="v1080av1", codec="av01.0.08M.08", is_complete=False)
    stopgap = replace(LADDER.video[0], name="v1080copy", is_stopgap=True)
    ages = {
        "whole": LADDER,
        "growing": GROWING,
        "further codec": replace(LADDER, video=(*LADDER.video, further)),
        "stop-gap alone": replace(LADDER, video=(stopgap,)),
        "nothing": replace(LADDER, video=(), audio=()),
    }
    assert {name for name, shown in ages.items() if _age_s(shown) == WHOLE_AGE_S} == {
        "whole",
        "further codec",
    }
