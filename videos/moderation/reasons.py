"""Why something is reported, restricted or let be: the taxonomy, version 1. Pure.

Categories and keywords are those of the transparency database of the Digital Services Act, in the version of July 2025,
so that a statement of reasons can be sent there as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

VERSION = 1
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 24 * 3600
SEVERE = 80  # from here on nothing lapses by itself, and no repeated report is passed over


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry of the taxonomy.

    `severity` (0 to 100) orders the queue; within `first_action_s` somebody has acted. `default`: the decision that a
    reviewer is offered first. `only_hard`: nothing milder than holding answers it. `needs_second`: a restriction for it
    is lifted by two people. `is_extreme`: nobody is shown a frame unasked. `is_illegal`: the ground is a law, and not
    the operator's own terms.
    """

    code: str
    label: str
    severity: int
    first_action_s: int
    default: str
    dsa_category: str
    dsa_keyword: str = ""
    only_hard: bool = False
    needs_second: bool = False
    is_extreme: bool = False
    is_illegal: bool = True


_ONLY_HARD = {"csam", "tvec", "ncii", "court_order"}
_NEEDS_SECOND = {"csam", "tvec", "court_order"}
_OF_TERMS = {"self_harm", "adult_unlabelled", "spam", "captions_or_thumbnail", "tos_other"}
# label, severity, first action, default
_TABLE = {
    "csam": ("Sexual abuse of children", 100, 15 * MINUTE_S, "hold"),
    "tvec": ("Terrorism or violent extremism", 95, HOUR_S, "hold"),
    "ncii": ("Intimate pictures without consent", 95, HOUR_S, "hold"),
    "threat_to_life": ("Threat to somebody's life", 90, HOUR_S, "hold"),
    "minor_safety": ("Danger to a minor", 85, 4 * HOUR_S, "hold"),
    "court_order": ("Order of a court or an authority", 80, 4 * HOUR_S, "block"),
    "self_harm": ("Self-harm or suicide", 70, 8 * HOUR_S, "age_label"),
    "violence_graphic": ("Graphic violence", 60, DAY_S, "age_label"),
    "hate": ("Hate", 55, DAY_S, "hold"),
    "privacy_doxxing": ("Somebody's private data", 55, DAY_S, "hold"),
    "scam_malware": ("Fraud or malware", 50, DAY_S, "block"),
    "copyright": ("Copyright", 45, 2 * DAY_S, "block"),
    "trademark": ("Trade mark", 35, 2 * DAY_S, "block"),
    "defamation": ("Defamation", 35, 2 * DAY_S, "block"),
    "adult_unlabelled": ("Adult content without a label", 35, 2 * DAY_S, "age_label"),
    "spam": ("Spam", 20, 3 * DAY_S, "block"),
    "captions_or_thumbnail": ("Misleading captions or poster", 15, 7 * DAY_S, "no_action"),
    "tos_other": ("Against the terms otherwise", 10, 7 * DAY_S, "no_action"),
}
# STATEMENT_CATEGORY_…, and KEYWORD_… where one fits
_DSA = {
    "csam": ("PROTECTION_OF_MINORS", "CHILD_SEXUAL_ABUSE_MATERIAL"),
    "tvec": ("RISK_FOR_PUBLIC_SECURITY", "TERRORIST_CONTENT"),
    "ncii": ("CYBER_VIOLENCE", "NON_CONSENSUAL_IMAGE_SHARING"),
    "threat_to_life": ("VIOLENCE", "INCITEMENT_VIOLENCE_HATRED"),
    "minor_safety": ("PROTECTION_OF_MINORS", "GROOMING_SEXUAL_ENTICEMENT_MINORS"),
    "court_order": ("OTHER_VIOLATION_TC", ""),
    "self_harm": ("SELF_HARM", ""),
    "violence_graphic": ("VIOLENCE", ""),
    "hate": ("ILLEGAL_OR_HARMFUL_SPEECH", "HATE_SPEECH"),
    "privacy_doxxing": ("DATA_PROTECTION_AND_PRIVACY_VIOLATIONS", "MISSING_PROCESSING_GROUND"),
    "scam_malware": ("SCAMS_AND_FRAUD", ""),
    "copyright": ("INTELLECTUAL_PROPERTY_INFRINGEMENTS", "COPYRIGHT_INFRINGEMENT"),
    "trademark": ("INTELLECTUAL_PROPERTY_INFRINGEMENTS", "TRADEMARK_INFRINGEMENT"),
    "defamation": ("ILLEGAL_OR_HARMFUL_SPEECH", "DEFAMATION"),
    "adult_unlabelled": ("OTHER_VIOLATION_TC", "ADULT_SEXUAL_MATERIAL"),
    "spam": ("OTHER_VIOLATION_TC", ""),
    "captions_or_thumbnail": ("OTHER_VIOLATION_TC", ""),
    "tos_other": ("OTHER_VIOLATION_TC", ""),
}
REASONS = {
    code: Reason(
        code,
        label,
        severity,
        first_action_s,
        default,
        f"STATEMENT_CATEGORY_{_DSA[code][0]}",
        f"KEYWORD_{_DSA[code][1]}" if _DSA[code][1] else "",
        only_hard=code in _ONLY_HARD,
        needs_second=code in _NEEDS_SECOND,
        is_extreme=code == "csam",
        is_illegal=code not in _OF_TERMS,
    )
    for code, (label, severity, first_action_s, default) in _TABLE.items()
}
CODES = tuple(REASONS)
LABELS = [(one.code, one.label) for one in REASONS.values()]


def severest(codes: Iterable[str]) -> Reason:
    """Return the severest of some reasons, of which there is at least one."""
    return max((REASONS[code] for code in codes), key=lambda one: one.severity)
