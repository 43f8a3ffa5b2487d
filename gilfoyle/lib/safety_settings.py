"""The section of settings.yaml about what keeps private videos private."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gilfoyle.lib.origins import normalize_origin
from gilfoyle.lib.public_report_settings import PublicReportSettings
from gilfoyle.lib.rule_settings import Rules
from gilfoyle.lib.settings_section import Section
from gilfoyle.lib.strike_settings import StrikeSettings
from gilfoyle.lib.tracking_settings import TrackingSettings


def _origin(text: str) -> str:
    origin = normalize_origin(text) if text else ""
    if origin is None:
        msg = "must be empty, or http:// or https:// with a host and nothing behind it"
        raise ValueError(msg)
    return origin


class RecognitionSettings(Section):
    enabled: bool = Field(
        True,
        description="Hash the pictures of every upload, and compare them with what was blocked or listed.",
    )
    before_play: bool = Field(
        True,
        description="A video plays only once that is done, where anything is banned whose pictures are known.",
    )


class SafetySettings(Section):
    recognition: RecognitionSettings = Field(default_factory=RecognitionSettings)
    self_test_interval_s: int = Field(
        900, ge=0, description="Seconds between tries to steal a private video of our own; 0: off."
    )
    self_test_url: Annotated[str, AfterValidator(_origin)] = Field(
        "", description="Address that such tries are made at; empty: the public one."
    )
    audit_retention_days: int = Field(
        1095, ge=0, le=36_500, description="Days that entries of the audit are kept; 0: for ever."
    )
    audit_checkpoint_interval_s: int = Field(
        300, ge=10, le=86_400, description="Seconds between signed checkpoints of the audit."
    )
    audit_checkpoint_dir: Path = Field(
        Path("audit"),
        description="Folder of the second copy of such checkpoints; relative: in the data folder.",
    )
    staff_two_factor: Literal["auto", "required", "optional"] = Field(
        "auto",
        description="A second factor for the admin; auto: required unless this machine alone reaches it.",
    )
    staff_confirm_s: int = Field(
        600, ge=30, le=12 * 3600, description="A password or code holds so long for what can't be undone."
    )
    match_reason: str = Field(
        "tos_other",
        pattern=r"[a-z_]{1,24}",
        description="What a video is reported for that is recognised, where nothing says what was banned before.",
    )
    purge_delay_s: int = Field(
        24 * 3600,
        ge=0,
        le=90 * 24 * 3600,
        description="Seconds from asking for a purge to the purge; until then it can be refused.",
    )
    strikes: StrikeSettings = Field(
        default_factory=StrikeSettings,
        description="What decisions leave against creators, keys and projects.",
    )
    public_reports: PublicReportSettings = Field(
        default_factory=PublicReportSettings, description="The form with which viewers report a video."
    )
    rules: Rules = Field((), description="Rules that hold, flag or push forward videos by themselves.")
    tracking: TrackingSettings = Field(
        default_factory=TrackingSettings,
        description="Daily figures of projects, keys and creators, and what stands out in them.",
    )
