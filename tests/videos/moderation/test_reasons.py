from videos.moderation.policy import KINDS, Kind
from videos.moderation.reasons import CODES, LABELS, REASONS, SEVERE, VERSION, severest

CATEGORIES = {
    "CYBER_VIOLENCE",
    "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    "ILLEGAL_OR_HARMFUL_SPEECH",
    "INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    "OTHER_VIOLATION_TC",
    "PROTECTION_OF_MINORS",
    "RISK_FOR_PUBLIC_SECURITY",
    "SCAMS_AND_FRAUD",
    "SELF_HARM",
    "VIOLENCE",
}


def test_the_taxonomy_is_the_first_and_has_eighteen_reasons_severest_first() -> None:
    assert (VERSION, len(CODES)) == (1, 18)
    severities = [one.severity for one in REASONS.values()]
    assert severities == sorted(severities, reverse=True)
    assert all(0 < severity <= 100 for severity in severities)
    assert len({label for _, label in LABELS}) == len(CODES)
    assert max(map(len, CODES)) <= 24


def test_every_reason_has_a_category_of_the_transparency_database() -> None:
    assert {one.dsa_category.removeprefix("STATEMENT_CATEGORY_") for one in REASONS.values()} == CATEGORIES
    assert all(one.dsa_keyword == "" or one.dsa_keyword.startswith("KEYWORD_") for one in REASONS.values())


def test_what_is_offered_first_is_allowed_for_its_reason() -> None:
    for reason in REASONS.values():
        rule = KINDS[Kind(reason.default)]
        assert rule.is_hard or not reason.only_hard, reason.code


def test_the_severest_are_answered_soonest_and_by_hard_means() -> None:
    assert severest(["spam", "csam", "hate"]).code == "csam"
    assert REASONS["csam"].first_action_s == 15 * 60
    assert {code for code, one in REASONS.items() if one.is_extreme} == {"csam"}
    assert {code for code, one in REASONS.items() if one.needs_second} == {"csam", "tvec", "court_order"}
    assert all(one.severity >= SEVERE for one in REASONS.values() if one.needs_second)
