from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from gilfoyle.lib.errors import GilfoyleError
from videos.access.models import Project
from videos.catalog.models import Video
from videos.imports.systems.credentials import MEDIACMS, MUX, PEERTUBE, read_credentials
from videos.imports.systems.found import Listed, Unlisted
from videos.imports.systems.moving import (
    Moved,
    ReadCaption,
    find_moved,
    free_broken_off,
    is_elsewhere,
    is_whole,
    look_at,
    move,
    tell_present,
)
from videos.imports.systems.opening import FOLDER, Opened, open_folder, open_system
from videos.imports.taking import Taking
from videos.management.importing import (
    INTERRUPTED,
    INTERRUPTED_WORDS,
    FileBar,
    find_project,
    follow,
    shown,
    total_bar,
)
from videos.management.telling import STDIN, TellingCommand, given_text, read_moment

PAUSE_S, MOST_PAUSE_S = 0.5, 30.0
LEFT = 1
READY, GONE = "ready", "It was deleted meanwhile."
CREDENTIALS_HELP = (
    "One line, a token or NAME:SECRET; - reads it from standard input. Wins over the environment."
)


class Command(TellingCommand):
    help = "Import the videos of another system, with ids, titles, descriptions, texts, chapters and times."
    epilog = """
Examples:
  manage.py import_from folder /srv/old-videos --project Default --dry-run
  manage.py import_from folder /srv/old-videos --project Default --wait
  PEERTUBE_TOKEN=… manage.py import_from peertube https://tube.example.com/my-library
  manage.py import_from mediacms https://media.example.com/user/anna --credentials token.txt
  MUX_TOKEN_ID=… MUX_TOKEN_SECRET=… manage.py import_from mux --since 2026-01-01 --limit 100

Credentials come from the environment (PEERTUBE_TOKEN, or PEERTUBE_USERNAME and PEERTUBE_PASSWORD; the same with MEDIACMS_;
MUX_TOKEN_ID and MUX_TOKEN_SECRET), or by --credentials. Addresses of a network of your own are refused unless
imports.private_networks has it.

What is there already is told by its old id (external_id), and is not imported again: after an interruption, run the
same command once more. Texts that could not be had are taken by the next run. The exit code is 0 when everything is
there in the end, 1 when something is not, 130 after an interruption.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        systems = parser.add_subparsers(dest="system", required=True, metavar="SYSTEM")
        folder = systems.add_parser(
            "folder", help="A folder of files, with what lies beside them (yt-dlp's, too)."
        )
        folder.add_argument("place", metavar="FOLDER", help="Searched through and through.")
        peertube = systems.add_parser(
            PEERTUBE, help="A PeerTube instance, one of its accounts or channels, or one's own."
        )
        peertube.add_argument(
            "place", metavar="URL", help="https://HOST, or on it /a/NAME, /c/NAME, /my-library."
        )
        mediacms = systems.add_parser(MEDIACMS, help="A MediaCMS, or one of its users.")
        mediacms.add_argument("place", metavar="URL", help="https://HOST, or on it /user/NAME.")
        mux = systems.add_parser(MUX, help="All assets of an environment of Mux.")
        mux.set_defaults(place="")
        for one in (peertube, mediacms, mux):
            one.add_argument("--credentials", metavar="FILE", help=CREDENTIALS_HELP)
        for one in (folder, peertube, mediacms, mux):
            _add_common(one)

    def act(self, options: dict[str, Any]) -> None:
        project = find_project(options["project"])
        opened = _open(options)
        run = _Run(self, project, options, opened.read_caption)
        try:
            with logging_redirect_tqdm():
                run.go_through(opened.entries)
                run.come_back()
                if options["wait"] and not options["dry_run"]:
                    run.wait()
        except KeyboardInterrupt:
            raise CommandError(INTERRUPTED_WORDS, returncode=INTERRUPTED) from None
        run.sum_up()


@dataclass(frozen=True, slots=True)
class _Told:
    """What is remembered of a video; there may be very many."""

    outcome: str
    video_id: str
    missing: int


class _Run:
    """One run of the command: what came of each video, by its old id."""

    def __init__(
        self, command: Command, project: Project, options: Mapping[str, Any], read_caption: ReadCaption
    ) -> None:
        self._command, self._project, self._read_caption = command, project, read_caption
        self._is_dry, self._is_json = bool(options["dry_run"]), bool(options["json"])
        self._limit, self._since = options["limit"], read_moment(options["since"])
        self._told: dict[str, _Told] = {}
        self._later: list[Listed] = []
        self._older = 0
        self._broken = ""

    def go_through(self, entries: Iterator[Listed | Unlisted]) -> None:
        """Import one after the other, as they are listed. A list that breaks off ends it; what was imported stays."""
        new = 0
        with total_bar(None, is_off=self._is_json) as total:
            try:
                for entry in entries:
                    if self._limit and new >= self._limit:
                        return
                    if isinstance(entry, Unlisted):
                        words = f"{entry.error.message} {entry.error.hint}".strip()
                        self._tell(entry.where, "", Moved("failed", words=words))
                    elif entry.external_id not in self._told and self._is_wanted(entry):
                        self._take(entry, total)
                        new += self._told[entry.external_id].outcome == "imported"
            except GilfoyleError as error:
                self._broken = f"{error.message} {error.hint}".strip()

    def _is_wanted(self, entry: Listed) -> bool:
        if self._since is None or (entry.published_at is not None and entry.published_at >= self._since):
            return True
        self._older += 1
        return False

    def _take(self, entry: Listed, total: tqdm[Any]) -> None:
        name = entry.title or entry.external_id
        with FileBar(name, 0, lambda: total.update(1), is_off=self._is_json) as bar:
            moved = self._move(entry, Taking(self._project, settings.GILFOYLE, bar.show_arrived))
        if moved.outcome == "under_way":
            self._later.append(entry)
        self._tell(entry.external_id, entry.title, moved)

    def _move(self, entry: Listed, taking: Taking) -> Moved:
        there = find_moved(self._project, entry.external_id)
        if there is not None and is_whole(there) and not entry.at_hand:
            return tell_present(there)
        try:
            found = entry.load(self._is_dry)
        except GilfoyleError as error:
            return Moved("failed", there, f"{error.message} {error.hint}".strip())
        if self._is_dry:
            return look_at(found, taking)
        return move(found, taking, self._read_caption)

    def come_back(self) -> None:
        """Take up what other processes had, once they are through with it, or gone."""
        pause_s = PAUSE_S
        while self._later:
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, MOST_PAUSE_S)
            free_broken_off()
            for entry in tuple(self._later):
                if is_elsewhere(self._project, entry.external_id):
                    continue
                moved = self._move(entry, Taking(self._project, settings.GILFOYLE))
                if moved.outcome != "under_way":
                    self._later.remove(entry)
                    self._tell(entry.external_id, entry.title, moved)

    def wait(self) -> None:
        """Follow what is there until it is ready; what isn't to be counts as failed."""
        for external_id, told in tuple(self._told.items()):
            if told.outcome == "failed" or not told.video_id:
                continue
            video = Video.objects.select_related("project").filter(pk=told.video_id).first()
            words = GONE if video is None else follow(video, is_off=self._is_json)
            if words:
                self._tell(external_id, "", Moved("failed", video, words))
            else:
                self._say(external_id, "", Moved("present", video), READY)

    def _tell(self, external_id: str, title: str, moved: Moved) -> None:
        video_id = moved.video.pk if moved.video else ""
        self._told[external_id] = _Told(moved.outcome, video_id, len(moved.problems))
        named = "would_be_imported" if self._is_dry and moved.outcome == "imported" else moved.outcome
        self._say(external_id, title, moved, named)

    def _say(self, external_id: str, title: str, moved: Moved, outcome: str) -> None:
        video_id = moved.video.pk if moved.video else ""
        problems = [*filter(None, [moved.words]), *moved.problems]
        told: dict[str, Any] = {"external_id": external_id, "outcome": outcome, "video_id": video_id}
        with tqdm.external_write_mode():  # the bars make way for a line
            if self._is_json:
                told |= {"title": title, "captions": moved.captions, "problems": problems}
                self._command.stdout.write(json.dumps({"kind": "video", **told}))
                return
            if outcome != "failed":
                texts = f", texts: {moved.captions}" if moved.captions else ""
                line = f"{external_id}  {video_id or '-'}  {outcome.replace('_', ' ')}{texts}  {title}"
                self._command.stdout.write(shown(line.rstrip()))
            for problem in problems if outcome != "under_way" else ():
                self._command.stderr.write(shown(f"{external_id}: {problem}"))

    def sum_up(self) -> None:
        """Tell how many there are of each.

        Raises: CommandError where something is missing.
        """
        counts = Counter(told.outcome for told in self._told.values())
        missing = sum(told.missing for told in self._told.values())
        is_whole = not (counts["failed"] or missing or self._broken)
        if self._is_json:
            told: dict[str, Any] = {name: counts[name] for name in ("imported", "present", "failed")}
            told |= {"captions_missing": missing, "older": self._older, "broken_off": self._broken}
            summary = {"kind": "summary", "is_whole": is_whole, "is_dry": self._is_dry, **told}
            self._command.stdout.write(json.dumps(summary))
            if not is_whole:
                sys.exit(LEFT)
            return
        verb = "would be imported" if self._is_dry else "imported"
        words = [f"{counts['imported']} of {len(self._told)} {verb}"]
        others = (
            (counts["present"], "there already"),
            (counts["failed"], "failed"),
            (self._older, "older left out"),
        )
        words += [f"{count} {what}" for count, what in others if count]
        words += [f"texts missing: {missing}"] if missing else []
        self._command.stdout.write(f"{', '.join(words)}.")
        if self._broken:
            message = f"The list broke off: {self._broken}"
            raise CommandError(message, returncode=LEFT)
        if not is_whole:
            message = "Not everything is there; the reasons stand above. The same command tries it again."
            raise CommandError(message, returncode=LEFT)


def _open(options: Mapping[str, Any]) -> Opened:
    system = options["system"]
    if system == FOLDER:
        return open_folder(Path(options["place"]))
    text = given_text(_of_file(options["credentials"])) if options["credentials"] else None
    credentials = read_credentials(system, os.environ, text)
    return open_system(system, options["place"], credentials, settings.GILFOYLE.imports)


def _of_file(name: str) -> str:
    """Return what a file says; "-", which is standard input, stays.

    Raises: CommandError.
    """
    if name == STDIN:
        return name
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "this is no text"
        message = f"{shown(name)}: {reason}."
        raise CommandError(message) from None


def _add_common(parser: CommandParser) -> None:
    parser.add_argument("--project", metavar="NAME", help="Needed where there is more than one project.")
    parser.add_argument(
        "--since", metavar="TIME", help="Only what was published then or later, as in 2026-11-29."
    )
    parser.add_argument(
        "--limit",
        type=_positive,
        metavar="N",
        help="So many new ones at most; the next run goes on with the rest, which does not count as missing.",
    )
    parser.add_argument(
        "--wait", action="store_true", help="Follow the videos until they are ready or failed."
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="Tell what would be imported, and change nothing on either side.",
    )
    parser.add_argument("--json", action="store_true", help="For programs: one JSON object a line.")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
