"""The part of settings.yaml about what decisions leave behind against those who are behind a video."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gilfoyle.lib.settings_section import Section

# The taxonomy of docs/moderation.md; a test compares the two.
ReasonCode = Literal[
    "csam",
    "tvec",
    "ncii",
    "threat_to_life",
    "minor_safety",
    "court_order",
    "self_harm",
    "violence_graphic",
    "hate",
    "privacy_doxxing",
    "scam_malware",
    "copyright",
    "trademark",
    "defamation",
    "adult_unlabelled",
    "spam",
    "captions_or_thumbnail",
    "tos_other",
]
MOST_POINTS = 1_000_000
Points = Annotated[int, Field(ge=0, le=MOST_POINTS)]
Weight = Annotated[int, Field(ge=0, le=100)]


class StrikeSteps(Section):
    """From how many points on what follows; 0: never."""

    review_first_at: Points = Field(
        0, description="Points from which on new videos wait for a review; 0: never."
    )
    limited_at: Points = Field(0, description="Points from which on few videos a day are taken; 0: never.")
    freeze_at: Points = Field(0, description="Points from which on nothing is taken; 0: never.")

    @model_validator(mode="after")
    def _milder_first(self) -> Self:
        wanted = [one for one in (self.review_first_at, self.limited_at, self.freeze_at) if one]
        if wanted != sorted(wanted):
            msg = "review_first_at, limited_at and freeze_at must not fall, but for those that are 0"
            raise ValueError(msg)
        return self


class StrikeSettings(Section):
    expire_days: int = Field(90, ge=1, le=3650, description="Days after which a strike counts no more.")
    weights: dict[ReasonCode, Weight] = Field(
        default_factory=dict,
        description="Points of a strike by its reason, where others are wanted than those of its severity.",
    )
    limited_videos_a_day: int = Field(
        3, ge=0, le=100_000, description="Videos in 24 hours of who is limited by strikes."
    )
    creator: StrikeSteps = Field(
        default_factory=lambda: StrikeSteps(review_first_at=2, limited_at=3, freeze_at=4),
        description="What follows for a creator.",
    )
    api_key: StrikeSteps = Field(default_factory=StrikeSteps, description="What follows for an API key.")
    project: StrikeSteps = Field(default_factory=StrikeSteps, description="What follows for a project.")
