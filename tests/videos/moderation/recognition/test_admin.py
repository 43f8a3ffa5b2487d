"""The pages of lists and matches: what they say, to whom, at what cost."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.admin_pages import HOSTILE, client_of, is_escaped, list_of, page
from tests.videos.fingerprints.bans import make_ban, make_match
from tests.videos.moderation.making import make_playing, make_report
from tests.videos.moderation.pages import user_of
from videos.audit.actors import Actor, acting_as
from videos.audit.models import AuditEntry
from videos.fingerprints import lists
from videos.fingerprints.list_files import Entry
from videos.fingerprints.models import BlockedFingerprint, FingerprintMatch, HashList
from videos.moderation.models import Report
from videos.moderation.recognition.parts import HELD_BACK

pytestmark = pytest.mark.django_db
LISTS, MATCHES = list_of("videos_hashlist"), list_of("videos_fingerprintmatch")


def put(name: str, *references: str) -> BlockedFingerprint:
    """Put entries on a list as a person does; returns one of them."""
    hash_list = lists.ensure_list(name=name)
    entries = [Entry("sha256", f"{ord(one[0]):064x}", one) for one in references]
    with acting_as(Actor("operator", "someone")):
        lists.import_entries(hash_list=hash_list, entries=entries)
    return BlockedFingerprint.objects.get(hash_list=hash_list, reference=references[0])


def match_reported(
    ban: BlockedFingerprint, reason: str = "hate", title: str = "", **fields: Any
) -> FingerprintMatch:
    """Make a match with the report that it leads to."""
    video = make_playing(title=title)
    match = make_match(ban, video, **fields)
    make_report(video, reason, match_id=match.pk)
    return match


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def test_without_a_list_the_command_is_told(admin_client: Client) -> None:
    assert "manage.py hashlist import FILE --list NAME</pre>" in text_of(admin_client, LISTS)


def test_a_list_says_what_it_holds_and_who_filled_it() -> None:
    ban = put(HOSTILE[:60], HOSTILE, "b-film")
    make_ban(
        "c" * 64, kind="dct256", hash_list=ban.hash_list, project_id="prj_x", unreadable_at=timezone.now()
    )
    match_reported(ban, verdict="false")
    client = client_of(user_of("auditor"))
    shown = text_of(client, LISTS)
    for words in (
        "2 SHA-256",
        "1 of pictures",
        "all projects; 1 in one alone",
        "by operator",
        "1 wrong",
    ):
        assert words in shown
    assert is_escaped(shown)
    assert not AuditEntry.objects.filter(verb="hash_list.viewed").exists()
    shown = text_of(client, page("videos_hashlist", ban.hash_list_id))
    assert is_escaped(shown)
    for words in ("2 SHA-256", "b-film", "Unreadable", f"q={ban.pk}"):
        assert words in shown
    assert ban.digest not in shown
    assert "<img" not in shown.split('id="imports"')[1].split("</main>")[0]
    entry = AuditEntry.objects.get(verb="hash_list.viewed")
    assert (entry.actor_kind, entry.object_id) == ("staff", ban.hash_list_id)


def test_matches_are_narrowed_and_lead_on(admin_client: Client) -> None:
    known, other = put("known", "a-film"), put("other", HOSTILE)
    right = match_reported(known, title="Right one", verdict="true")
    open_one = match_reported(
        other, title="Open one", kind="dct256", video_share=0.834, at_s=7, frames=25, least_bits=12
    )
    shown = text_of(admin_client, MATCHES)
    assert is_escaped(shown)
    assert shown.index("Open one") < shown.index("Right one")
    assert "83\N{NO-BREAK SPACE}% of this video, here from 0:07, there from 0:00, 25 pictures" in shown
    assert "The same file" in shown
    assert "/admin/videos/case/case_5F" in shown
    for query, is_right in (
        ("verdict=true", True),
        (f"list={known.hash_list_id}", True),
        (f"q={known.pk}", True),
        (f"q={right.video_id}", True),
        (f"project={open_one.project_id}", False),
        ("verdict=pending", False),
    ):
        shown = text_of(admin_client, f"{MATCHES}?{query}")
        assert ("Right one" in shown, "Open one" in shown) == (is_right, not is_right), query
    shown = text_of(admin_client, page("videos_fingerprintmatch", right.pk))
    assert "Right one" in shown
    case = Report.objects.get(match_id=right.pk).case_id
    case_page = text_of(admin_client, page("videos_case", str(case)))
    assert page("videos_fingerprintmatch", right.pk) in case_page


def test_extreme_material_is_for_those_who_may() -> None:
    ban = put("known", "a-film")
    match_reported(ban, title="Anybody's")
    hidden = match_reported(ban, "csam", title="Not for all")
    BlockedFingerprint.objects.filter(pk=ban.pk).update(video_id=hidden.video_id)
    for code, may in (("reviewer", False), ("senior_reviewer", True)):
        client = client_of(user_of(code))
        shown = text_of(client, MATCHES)
        assert ("Anybody" in shown, "Not for all" in shown) == (True, may), code
        assert (client.get(page("videos_fingerprintmatch", hidden.pk)).status_code == 200) is may
    assert HELD_BACK in text_of(client_of(user_of("auditor")), page("videos_hashlist", ban.hash_list_id))
    assert "Not for all" in text_of(client, page("videos_hashlist", ban.hash_list_id))


def test_the_pages_cost_as_many_queries_for_many_rows(admin_client: Client) -> None:
    counted = []
    ContentType.objects.get_for_model(HashList)  # a process reads it once
    for number in range(3):
        ban = put(f"list {number}", f"{number}-film", f"{number + 5}-film")
        match_reported(ban)
        match_reported(ban, verdict="true")
        if number != 1:
            with CaptureQueriesContext(connection) as found:
                for address in (LISTS, MATCHES, page("videos_hashlist", ban.hash_list_id)):
                    text_of(admin_client, address)
            counted.append(len(found))
    assert counted[0] == counted[1]
