"""What the rooms say to each other: events and who hears them, work sent by name, codes of errors."""

import ast
import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator

import dramatiq

import processing
import streaming
import videos
from gilfoyle.lib import events
from gilfoyle.lib.errors import Fault, GilfoyleError, Refusal
from gilfoyle.lib.queue import QUEUES
from tests.embedded import ROOT

# Who hears what. A new event or handler is news for the whole house: put it here.
WHO_HEARS_WHAT: dict[str, list[str]] = {
    "MaterialBanned": ["processing.subscribers.hash_banned_video"],
    "ReportFiled": [
        "videos.moderation.subscribers.apply_rules_of_reports",
        "videos.usage.subscribers.count_report",
    ],
    "AppealDecided": ["videos.webhooks.subscribers.tell_appeal_decided"],
    "CaseDecided": ["videos.usage.subscribers.count_decision", "videos.webhooks.subscribers.tell_decided"],
    "CaseOpened": ["videos.webhooks.subscribers.tell_case_opened"],
    "RestrictionChanged": ["videos.webhooks.subscribers.tell_restriction"],
    "TrackAdded": ["videos.webhooks.subscribers.tell_track_added"],
    "TrackRemoved": ["videos.webhooks.subscribers.tell_track_removed"],
    "VideoReady": ["videos.webhooks.subscribers.tell_ready"],
    "VideoFailed": ["videos.usage.subscribers.count_failure", "videos.webhooks.subscribers.tell_failed"],
    "VideoPlayable": [
        "videos.moderation.subscribers.apply_rules_of_length",
        "videos.webhooks.subscribers.tell_playable",
    ],
    "PosterChosen": ["processing.subscribers.make_poster_anew"],
    "RevisionBegun": [
        "videos.chapters.subscribers.forget_chapters_of_source",
        "videos.tracks.subscribers.forget_embedded",
    ],
    "RevisionGone": ["videos.tracks.subscribers.forget_embedded_of"],
    "SourceHashed": ["videos.fingerprints.subscribers.recognise_hashed_file"],
    "VideoDeleted": [
        "videos.fingerprints.subscribers.forget_fingerprint",
        "videos.imports.subscribers.stop_import",
        "videos.tracks.subscribers.shred_texts",
        "videos.uploads.subscribers.end_uploads",
        "videos.webhooks.subscribers.tell_deleted",
        "processing.subscribers.stop_work",
    ],
    "MaterialRecognised": [
        "videos.moderation.subscribers.hold_and_report",
        "videos.usage.subscribers.count_match",
    ],
    "VideoRestricted": [
        "videos.fingerprints.subscribers.ban_or_release",
        "videos.webhooks.subscribers.tell_restricted",
        "processing.subscribers.pause_work",
    ],
    "VideoUploaded": [
        "videos.fingerprints.subscribers.recognise_file",
        "videos.imports.subscribers.close_import",
        "videos.moderation.subscribers.hold_for_review",
        "videos.usage.subscribers.count_upload",
        "videos.webhooks.subscribers.tell_uploaded",
        "processing.subscribers.process_upload",
    ],
}


def import_everything() -> None:
    for package in (videos, processing, streaming):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in module.name and not module.name.endswith(
                ("guard", "probing.child", "frontend.build")
            ):
                importlib.import_module(module.name)
    importlib.import_module("gilfoyle.worker")


def subclasses(root: type[GilfoyleError]) -> Iterator[type[GilfoyleError]]:
    for child in root.__subclasses__():
        if not child.__module__.startswith("tests."):
            yield child
            yield from subclasses(child)


def calls_of(*names: str) -> Iterator[tuple[str, ast.Call]]:
    for package in ("videos", "processing", "streaming", "gilfoyle"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                    yield str(path.relative_to(ROOT)), node


def test_who_hears_what() -> None:
    import_everything()
    ours = {
        event: [name for name in names if not name.startswith("tests.")]
        for event, names in events.handlers().items()
    }
    assert {event: names for event, names in ours.items() if names} == WHO_HEARS_WHAT


def test_every_event_that_is_heard_is_in_the_vocabulary() -> None:
    vocabulary = importlib.import_module("videos.events")
    for name in WHO_HEARS_WHAT:
        assert issubclass(getattr(vocabulary, name), events.Event)


def test_work_is_sent_to_actors_and_queues_that_exist() -> None:
    import_everything()
    declared = dramatiq.get_broker().get_declared_actors()
    sent = [(path, call) for path, call in calls_of("send", "send_on_commit") if "lib/queue.py" not in path]
    assert sent
    for path, call in sent:
        assert isinstance(call.args[0], ast.Constant), f"{path}: the actor's name must stand in the call"
        assert call.args[0].value in declared, path
        for keyword in call.keywords:
            if keyword.arg == "queue" and isinstance(keyword.value, ast.Constant):
                assert keyword.value.value in QUEUES, path


def test_error_codes_are_unique() -> None:
    import_everything()
    codes = Counter(error.code for error in set(subclasses(GilfoyleError)))
    assert [code for code, count in codes.items() if count > 1] == []


def test_every_error_has_a_code_of_its_own() -> None:
    import_everything()
    nameless = [error.__name__ for error in subclasses(GilfoyleError) if "code" not in vars(error)]
    assert nameless == []


def test_refusals_are_the_callers_matter_and_faults_are_ours() -> None:
    import_everything()
    statuses = [error.http_status for error in subclasses(Refusal)]  # type: ignore[attr-defined] # of Refusal
    assert all(
        400 <= status < 500 or status in {501, 507} for status in statuses
    )  # as oEmbed and disks have them
    assert all(error.http_status >= 500 for error in subclasses(Fault))  # type: ignore[attr-defined] # of Fault
