"""The section `images` of settings.yaml: which pictures are made of a video, and how large."""

from __future__ import annotations

from typing import Literal

from pydantic import ByteSize, Field, field_validator

from gilfoyle.lib.settings_section import Section

ImageFormat = Literal["jpeg", "webp", "avif"]


class StoryboardSettings(Section):
    enabled: bool = Field(True, description="Make small pictures for the seek bar of players.")
    interval_s: float = Field(
        4, ge=1, le=600, description="Time from tile to tile; short videos have denser ones, long ones fewer."
    )
    max_tiles: int = Field(200, ge=1, le=1000, description="Most tiles of a video.")
    tile_px: int = Field(160, ge=32, le=320, description="Longest side of a tile.")


class PreviewSettings(Section):
    enabled: bool = Field(False, description="Make a short, silent, animated picture.")
    max_px: int = Field(320, ge=64, le=640, description="Longest side of the preview.")
    max_size_bytes: ByteSize = Field(
        ByteSize(1024**2),
        ge=64 * 1024,
        le=16 * 1024**2,
        description="Largest preview; one above it is made coarser.",
    )


class ImagesSettings(Section):
    formats: tuple[ImageFormat, ...] = Field(("jpeg",), description="Formats of the poster.")
    poster_max_px: int = Field(1280, ge=64, le=4096, description="Longest side of the poster.")
    storyboard: StoryboardSettings = Field(
        default_factory=StoryboardSettings, description="Tiles for the seek bar."
    )
    preview: PreviewSettings = Field(default_factory=PreviewSettings, description="The animated picture.")

    @field_validator("formats")
    @classmethod
    def _with_jpeg(cls, formats: tuple[ImageFormat, ...]) -> tuple[ImageFormat, ...]:
        if "jpeg" not in formats or len(set(formats)) != len(formats):
            msg = "must hold jpeg, which every viewer can show, and no format twice"
            raise ValueError(msg)
        return formats
