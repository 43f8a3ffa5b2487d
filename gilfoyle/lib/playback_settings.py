"""The section of settings.yaml about who may play, and for how long."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from gilfoyle.lib.s3_settings import S3Settings
from gilfoyle.lib.settings_section import HttpUrl, Section

LEAST_SECRET_LENGTH = 32


class PlaybackSettings(Section):
    min_ttl_s: int = Field(3600, ge=60, description="Shortest life of a token when none is asked for.")
    max_ttl_s: int = Field(12 * 3600, ge=60, description="Longest life of a token.")
    max_session_s: int = Field(
        24 * 3600, ge=60, description="Longest time for which a token may be renewed, from its making on."
    )
    allowed_origins: tuple[str, ...] = Field(("*",), description="Web origins whose players may fetch media.")
    delivery: Literal["direct", "x_accel", "redirect", "presigned"] = Field(
        "direct", description="Who sends bytes: Gilfoyle, nginx, or a bucket or CDN."
    )
    cdn_url: HttpUrl = Field(
        "", description="For redirect and presigned: the CDN's address; empty: the bucket itself."
    )
    cdn_secret: SecretStr = Field(SecretStr(""), description="Shared with the CDN; best by the environment.")
    address_window_s: int = Field(
        300, ge=30, le=24 * 3600, description="Signed addresses are the same for all for so long."
    )
    encryption: bool = Field(
        False, description="Encrypt segments (AES-128) of projects that do not say otherwise."
    )

    @model_validator(mode="after")
    def _min_below_max(self) -> PlaybackSettings:
        if self.min_ttl_s > self.max_ttl_s:
            msg = "playback.min_ttl_s must not exceed playback.max_ttl_s"
            raise ValueError(msg)
        return self

    @property
    def is_outside(self) -> bool:
        """Whether viewers are sent to a bucket or CDN for the bytes."""
        return self.delivery in {"redirect", "presigned"}

    def require_signable(self, bucket: S3Settings | None) -> None:
        """See that there is somebody to send viewers to, and a secret to sign with; `bucket` None: the media are files.

        Raises: ValueError.
        """
        if not self.is_outside:
            return
        if self.cdn_url:
            if len(self.cdn_secret.get_secret_value()) < LEAST_SECRET_LENGTH:
                msg = f"playback.cdn_secret must have at least {LEAST_SECRET_LENGTH} characters with playback.cdn_url"
                raise ValueError(msg)
        elif bucket is None:
            msg = f"playback.delivery: {self.delivery} needs playback.cdn_url, or storage.backend: s3"
            raise ValueError(msg)
        elif not (bucket.access_key_id.get_secret_value() and bucket.secret_access_key.get_secret_value()):
            msg = f"playback.delivery: {self.delivery} needs storage.s3.access_key_id and secret_access_key to sign with"
            raise ValueError(msg)
