from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from videos.access.models import Project
from videos.catalog.models import Video
from videos.imports.collecting import Collection, Wish, collect, printable
from videos.imports.lists import COLUMNS
from videos.imports.taking import Taken, Taking, look_up, take
from videos.management.importing import (
    INTERRUPTED,
    INTERRUPTED_WORDS,
    FileBar,
    find_project,
    follow,
    total_bar,
)

MOST_PROBLEMS = 50
EPILOG = f"""
A FOLDER is searched through and through for files that are media by their names. A CSV file has a line of column
names ({", ".join(COLUMNS)}; all but source may be left out or
empty), in UTF-8; its paths start from its own folder, metadata is a JSON object. A URL is http://, https:// or s3://
(a bucket of imports.buckets).

What is there already, byte for byte, is not imported again: after an interruption, run the same command once more.
The exit code is 0 when everything is there in the end.
"""


class Command(BaseCommand):
    help = "Import videos: files, folders, lists, addresses."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EPILOG}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="+", metavar="FOLDER|FILE|CSV|URL")
        parser.add_argument("--project", metavar="NAME", help="Needed where there is more than one project.")
        parser.add_argument("--title", help="For a single file; the file's name when left out.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Tell what would be imported, and import nothing."
        )
        parser.add_argument(
            "--wait", action="store_true", help="Follow the videos until they are ready or failed."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        collection = collect(options["sources"])
        wishes = _titled(collection, options["title"])
        self._require_right(collection)
        taken: list[Taken] = []
        try:
            with logging_redirect_tqdm(), _bar_of_all(wishes) as total:
                taken.extend(self._take(wish, project, total, is_dry=options["dry_run"]) for wish in wishes)
            if options["wait"]:
                taken = [self._followed(one) for one in taken]
        except KeyboardInterrupt:
            raise CommandError(INTERRUPTED_WORDS, returncode=INTERRUPTED) from None
        self._sum_up(taken, collection, is_dry=options["dry_run"], is_waited_for=options["wait"])

    def _require_right(self, collection: Collection) -> None:
        """Begin nothing where something is wrong with what was asked for."""
        for problem in collection.problems[:MOST_PROBLEMS]:
            self.stderr.write(problem)
        if len(collection.problems) > MOST_PROBLEMS:
            self.stderr.write(f"… and {len(collection.problems) - MOST_PROBLEMS} more.")
        if collection.problems:
            message = "Nothing was imported; what is wrong stands above."
            raise CommandError(message)
        if not collection.wishes:
            message = "There is nothing to import: no file there is a video or a sound by its name."
            raise CommandError(message)

    def _take(self, wish: Wish, project: Project, total: tqdm[Any], *, is_dry: bool) -> Taken:
        name = wish.path.name if wish.path else str(wish.fields["title"])
        with FileBar(name, wish.size_bytes, lambda: total.update(1)) as bars:
            taking = Taking(project, settings.GILFOYLE, bars.show_arrived, bars.show_checked)
            one = look_up(wish, taking) if is_dry else take(wish, taking)
        shown = wish.source.partition("?")[0] if wish.path is None else wish.source
        with tqdm.external_write_mode():  # the bars make way for a line
            if one.outcome == "failed":
                self.stderr.write(f"{shown}: {one.words}")
            elif one.outcome == "present":
                self.stdout.write(f"{one.video.pk if one.video else ''}  {shown}  (was there already)")
            else:
                self.stdout.write(f"{one.video.pk if one.video else 'would be imported'}  {shown}")
        return one

    def _followed(self, one: Taken) -> Taken:
        if one.outcome == "failed" or one.video is None or self._follow(one.video):
            return one
        return Taken("failed", one.video)

    def _follow(self, video: Video) -> bool:
        """Show a video's progress until it is ready; say why and return False where it isn't to be."""
        if words := follow(video):
            self.stderr.write(f"{video.pk}: {words}")
            return False
        self.stdout.write(f"{video.pk}  ready")
        return True

    def _sum_up(
        self, taken: list[Taken], collection: Collection, *, is_dry: bool, is_waited_for: bool
    ) -> None:
        counts = Counter(one.outcome for one in taken)
        verb = "would be imported" if is_dry else "imported and ready" if is_waited_for else "imported"
        words = [f"{counts['imported']} of {len(taken)} {verb}"]
        if counts["present"]:
            words.append(f"{counts['present']} there already")
        if counts["failed"]:
            words.append(f"{counts['failed']} failed")
        if collection.left_out:
            words.append(f"{collection.left_out} other files left out")
        self.stdout.write(f"{', '.join(words)}.")
        if counts["failed"]:
            message = f"{counts['failed']} of {len(taken)} failed; the reasons stand above."
            raise CommandError(message)


def _titled(collection: Collection, title: str | None) -> list[Wish]:
    wishes = collection.wishes
    if title is None or collection.problems:
        return wishes
    if len(wishes) != 1:
        message = "--title is for a single file."
        raise CommandError(message)
    return [Wish(wish.source, {**wish.fields, "title": printable(title)[:255]}, wish.path) for wish in wishes]


def _bar_of_all(wishes: list[Wish]) -> tqdm[Any]:
    return total_bar(len(wishes), is_off=len(wishes) <= 1)
