"""One order of locks, whatever is decided: PostgreSQL would let two that differ wait in a circle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.factories import make_project
from tests.videos.moderation.making import ADMINISTRATOR, CONSUMER, SECOND, SENIOR, make_case, make_playing
from videos.access.models import UploadFreeze
from videos.moderation import locking, restricting, services, striking
from videos.moderation.by_hand import release_video, restrict_video
from videos.moderation.errors import CaseNotFound
from videos.moderation.locking import hold_subjects, locked_cases
from videos.moderation.models import Case, Decision, Strike
from videos.moderation.policy import CREATOR, PROJECT, VIDEO, Kind
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db
ROOM = Path(locking.__file__).parent


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what is locked, and what happens under these locks, in the order in which it is."""
    noted: list[str] = []

    def note(module: Any, name: str, word: str) -> None:
        real = getattr(module, name)

        def noting(*args: Any, **named: Any) -> Any:
            noted.append(f"video {named['video_id']}" if word == "video" else word)
            return real(*args, **named)

        monkeypatch.setattr(module, name, noting)

    note(locking, "hold_video", "video")
    note(locking, "hold_project", "project")
    note(striking, "hold_project", "project")
    note(restricting, "apply_restriction", "bite")
    note(restricting, "set_upload_freeze", "freeze")
    note(striking, "set_upload_allowance", "allowance")
    return noted


def in_order(seen: list[str]) -> set[str]:
    """Look at what one transaction did, and forget it; returns which kinds of things it did."""
    first: list[str] = list(dict.fromkeys(seen))
    seen.clear()
    if "project" in first:
        before, after = first[: first.index("project")], first[first.index("project") :]
        assert not [one for one in after if one.startswith("video") or one == "bite"], first
        assert not {"freeze", "allowance"} & set(before), first
    else:
        assert not {"freeze", "allowance"} & set(first), first
    assert (videos := [one for one in first if one.startswith("video")]) == sorted(videos)
    return {one.partition(" ")[0] for one in first}


def test_videos_come_first_and_the_project_last_whatever_is_decided(seen: list[str]) -> None:
    project = make_project()
    case = make_case(make_playing(project, creator_id="mallory"), "ncii")
    in_order(seen)

    def did(call: Callable[[], Any]) -> set[str]:
        call()
        return in_order(seen)

    blocked = services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "ncii"), by=SENIOR)
    assert in_order(seen) == {"video", "bite", "project", "freeze", "allowance"}
    made = services.appeal(project=project, decision_id=blocked.pk, text="Why?", by=CONSUMER)
    answer = {"appeal_id": made.pk, "outcome": "partly", "answer": "So.", "by": SECOND}
    instead = Verdict(Kind.HOLD, "ncii")
    everything = did(lambda: services.decide_appeal(**answer, instead=instead))  # type: ignore[arg-type]
    assert everything == {"video", "bite", "project", "freeze", "allowance"}
    case = make_case(make_playing(project, creator_id="mallory"))
    in_order(seen)
    freeze = Verdict(Kind.FREEZE_UPLOADS, "hate", target=(CREATOR, "mallory"))
    assert did(lambda: services.decide(case_id=case.pk, verdict=freeze, by=SENIOR)) >= {"project", "freeze"}
    lasting = Decision.objects.filter(kind=Kind.FREEZE_UPLOADS, case=case).get()
    assert UploadFreeze.objects.exists()
    lifted = did(lambda: services.reverse(decision_id=lasting.pk, explanation="", by=ADMINISTRATOR))
    assert lifted == {"video", "project", "freeze"}
    assert not UploadFreeze.objects.exists()


def test_a_video_released_from_two_decisions_loses_the_strikes_of_both_last(seen: list[str]) -> None:
    video = make_playing(creator_id="mallory")
    for kind in (Kind.RESTRICT, Kind.BLOCK):
        restrict_video(video_id=video.pk, verdict=Verdict(kind, "hate"), by=SENIOR)
    seen.clear()
    released = release_video(video_id=video.pk, explanation="Satire.", by=ADMINISTRATOR)
    assert "bite" not in seen[seen.index("project") :], seen  # which takes the bank
    assert set(Strike.objects.values_list("cancelled_by", flat=True)) == {one.pk for one in released.lifted}


def test_cases_are_locked_after_all_of_their_subjects(seen: list[str]) -> None:
    videos = [make_case(reason="spam")]
    project = videos[0].project
    videos.append(make_case(make_playing(project), "spam"))
    of_project = Case.objects.create(
        pk="case_00000000000000000",  # before all others
        project=project,
        subject_type=PROJECT,
        subject_id=project.pk,
        due_at=videos[0].due_at,
    )
    seen.clear()
    services.merge_cases(case_id=videos[0].pk, into_id=of_project.pk, by=SENIOR)
    assert in_order(seen) == {"video", "project"}
    locked = locked_cases(*(one.pk for one in videos), of_project.pk)
    assert (list(locked), in_order(seen)) == (sorted(locked), {"video", "project"})
    with pytest.raises(CaseNotFound):
        locked_cases(videos[0].pk, "case_1")
    seen.clear()
    hold_subjects(
        [(project.pk, CREATOR, "mallory"), (project.pk, VIDEO, "vid_2"), (project.pk, VIDEO, "vid_1")]
    )
    assert seen == ["video vid_1", "video vid_2", "project"]


def test_nobody_locks_beside_the_one_order() -> None:
    """Whoever is new in this list has read what stands in locking.py."""
    locking_files = {one.stem for one in ROOM.glob("*.py") if "select_for_update" in one.read_text("utf-8")}
    assert locking_files == {"locking", "cases", "appealing", "reversing", "striking"}
