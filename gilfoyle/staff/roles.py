"""Who of the staff may do what: one table, from model to role to verbs. Pure.

A model that is not in the table fails a test. `change` is also the right to press the buttons of a row's page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

REVIEWER = "Reviewer"
SENIOR_REVIEWER = "Senior reviewer"
ADMINISTRATOR = "Administrator"
AUDITOR = "Auditor"


@dataclass(frozen=True, slots=True)
class Role:
    """A role, as commands take it and as people read it; its name is also that of Django's group."""

    code: str
    name: str
    words: str


ROLES: tuple[Role, ...] = (
    Role("reviewer", REVIEWER, "Looks at what is reported, and decides."),
    Role("senior_reviewer", SENIOR_REVIEWER, "A reviewer who also ends playback and stops uploads."),
    Role("administrator", ADMINISTRATOR, "Everything: keys, projects, deletion and the staff."),
    Role("auditor", AUDITOR, "Sees everything and changes nothing."),
)


@dataclass(frozen=True, slots=True)
class Rights:
    """The verbs of each role on one model: letters of `v`iew, `a`dd, `c`hange, `d`elete."""

    reviewer: str = ""
    senior_reviewer: str = ""
    administrator: str = ""
    auditor: str = ""


NOBODY = Rights()
WATCHED = Rights("v", "v", "v", "v")
KEPT_FROM_REVIEWERS = Rights(administrator="v", auditor="v")
CASE_WORK = Rights("vc", "vc", "vc", "v")
VERBS = {"v": "view", "a": "add", "c": "change", "d": "delete"}

RIGHTS: Mapping[str, Rights] = {
    # What is looked at, and by whom it is changed.
    "videos.video": Rights("v", "vc", "vcd", "v"),
    "videos.project": Rights("v", "v", "vac", "v"),
    "videos.apikey": Rights("", "v", "vac", "v"),
    "videos.upload": Rights("v", "vc", "vc", "v"),
    "videos.import": Rights("v", "vc", "vc", "v"),
    "videos.uploadgrant": Rights("", "vc", "vac", "v"),
    "videos.webhookendpoint": Rights("", "v", "vac", "v"),
    "videos.delivery": Rights("", "v", "vc", "v"),
    "processing.job": Rights("v", "v", "vc", "v"),
    "processing.step": KEPT_FROM_REVIEWERS,  # commands and their output
    "streaming.signingkey": Rights("", "", "vac", "v"),
    "auth.user": Rights("", "", "vacd", "v"),
    "auth.group": Rights("", "", "vacd", "v"),
    # Unsafe use.
    "videos.report": CASE_WORK,
    "videos.case": CASE_WORK,
    "videos.casenote": WATCHED,
    "videos.decision": WATCHED,
    "videos.restriction": WATCHED,
    "videos.appeal": Rights("v", "vc", "vc", "v"),
    "videos.strike": WATCHED,
    "videos.purgerequest": WATCHED,
    "videos.liftrequest": WATCHED,
    "videos.standing": WATCHED,
    "videos.rulehit": WATCHED,
    "videos.rulestop": WATCHED,
    "videos.uploadfreeze": WATCHED,
    "videos.uploadallowance": WATCHED,
    "videos.dailyuse": WATCHED,
    "videos.auditentry": KEPT_FROM_REVIEWERS,
    "videos.auditpersonal": NOBODY,
    "videos.audithead": NOBODY,
    "videos.auditcheckpoint": KEPT_FROM_REVIEWERS,
    "videos.auditcheck": NOBODY,
    # Blocked material: what is in a list tells how to get past it.
    "videos.hashlist": Rights("", "v", "vac", "v"),
    "videos.blockedfingerprint": Rights("", "v", "vac", "v"),
    "videos.fingerprintmatch": CASE_WORK,
    "videos.videofingerprint": NOBODY,
    "videos.bankstate": NOBODY,
    "videos.auditsettings": NOBODY,
    # What has no page of its own: rows that services alone touch.
    "videos.endpointsecret": NOBODY,
    "videos.deliveryattempt": NOBODY,
    "videos.idempotencyrecord": NOBODY,
    "videos.monthlyuse": NOBODY,
    "videos.requestcount": NOBODY,
    "videos.rendition": NOBODY,
    "videos.renditionrun": NOBODY,
    "videos.imageset": NOBODY,
    "videos.pastrevision": NOBODY,
    "videos.contentkey": NOBODY,
    "videos.encryptedrevision": NOBODY,
    "videos.sparesource": NOBODY,
    "videos.sourcekey": NOBODY,
    "videos.ipfsobject": NOBODY,
    "videos.ipfspin": NOBODY,
    "videos.purgedvideo": NOBODY,
    "videos.chapterlist": NOBODY,
    "videos.texttrack": NOBODY,
    "videos.trackkey": NOBODY,
    "videos.uploadpiece": NOBODY,
    "videos.directupload": NOBODY,
    "videos.dailyplays": NOBODY,
    "videos.playedday": NOBODY,
    "videos.holding": NOBODY,
    "streaming.exposuretest": NOBODY,
    "streaming.revocation": NOBODY,
    "gilfoyle.installationfact": NOBODY,
    "gilfoyle.lease": NOBODY,
    "gilfoyle.signintries": NOBODY,
    "gilfoyle.stafftotp": NOBODY,
    "otp_totp.totpdevice": NOBODY,
    "otp_static.staticdevice": NOBODY,
    "otp_static.statictoken": NOBODY,
    # Django's own.
    "admin.logentry": KEPT_FROM_REVIEWERS,
    "auth.permission": NOBODY,
    "contenttypes.contenttype": NOBODY,
    "sessions.session": NOBODY,
}

# What moderation asks about beside a model's verbs (videos/moderation/policy.py): the permissions of `Case`.
_REVIEW = ("review_case",)
_SENIOR = (
    *_REVIEW,
    "decide_severe_case",
    "see_extreme_case",
    "freeze_uploads",
    "request_purge",
    "decide_appeal",
)
POWERS: Mapping[str, tuple[str, ...]] = {
    "reviewer": _REVIEW,
    "senior_reviewer": _SENIOR,
    "administrator": (*_SENIOR, "suspend_subject", "place_legal_hold", "approve_second"),
    "auditor": (),
}


def find_role(code: str) -> Role | None:
    """Return the role of a code; None where there is no such role."""
    return next((role for role in ROLES if role.code == code), None)


def list_permissions(role: Role) -> Iterator[tuple[str, str]]:
    """Yield what a role may: app and codename, as Django's permissions have them (`videos`, `view_video`)."""
    for label, rights in RIGHTS.items():
        app, model = label.split(".")
        for letter in getattr(rights, role.code):
            yield app, f"{VERBS[letter]}_{model}"
    for codename in POWERS[role.code]:
        yield "videos", codename
