import pytest
from pydantic import ValidationError

from gilfoyle.lib.image_settings import ImageFormat, ImagesSettings


def test_jpeg_alone_is_made_and_no_preview_unless_it_is_asked_for() -> None:
    settings = ImagesSettings()
    assert settings.formats == ("jpeg",)
    assert (settings.storyboard.enabled, settings.preview.enabled) == (True, False)


@pytest.mark.parametrize("formats", [(), ("webp",), ("jpeg", "jpeg"), ("jpeg", "webp", "webp")])
def test_jpeg_is_always_made_and_nothing_twice(formats: tuple[ImageFormat, ...]) -> None:
    with pytest.raises(ValidationError, match="must hold jpeg"):
        ImagesSettings(formats=formats)


def test_formats_stay_in_their_order() -> None:
    assert ImagesSettings(formats=("avif", "webp", "jpeg")).formats == ("avif", "webp", "jpeg")
