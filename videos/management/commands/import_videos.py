from __future__ import annotations

import time
from argparse import RawDescriptionHelpFormatter
from collections import Counter
from typing import Any, Self

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from gilfoyle.lib.errors import GilfoyleError
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.catalog import selectors, states
from videos.catalog.models import Video
from videos.imports.collecting import Collection, Wish, collect, printable
from videos.imports.lists import COLUMNS
from videos.imports.taking import Taken, Taking, look_up, take

PAUSE_S = 0.5
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
        project = _find_project(options["project"])
        collection = collect(options["sources"])
        wishes = _titled(collection, options["title"])
        self._require_right(collection)
        taken: list[Taken] = []
        try:
            with logging_redirect_tqdm(), _total_bar(wishes) as total:
                taken.extend(self._take(wish, project, total, is_dry=options["dry_run"]) for wish in wishes)
            if options["wait"]:
                taken = [self._followed(one) for one in taken]
        except KeyboardInterrupt:
            message = "Interrupted. What was imported is processed all the same; the same command goes on with the rest."
            raise CommandError(message, returncode=130) from None
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
        with _Bars(wish, total) as bars:
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
        with _percent_bar(video.title) as bar:
            while video.status not in {states.READY, states.FAILED}:
                time.sleep(PAUSE_S)
                try:
                    video = selectors.get_video(project=video.project, video_id=video.pk)
                except GilfoyleError as error:
                    self.stderr.write(f"{video.pk}: {error.message}")
                    return False
                bar.update(video.progress - bar.n)
        if video.status == states.FAILED:
            self.stderr.write(f"{video.pk}: {video.failure_message}")
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


class _Bars:
    """The bar of one file, below that of all."""

    def __init__(self, wish: Wish, total: tqdm[Any]) -> None:
        self._wish, self._total = wish, total
        name = printable(wish.path.name if wish.path else str(wish.fields["title"]))
        self._bar: tqdm[Any] = tqdm(
            total=wish.size_bytes or None, desc=name[:40], unit="B", unit_scale=True, unit_divisor=1024,
            disable=None, leave=False, position=1,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.close()
        self._total.update(1)

    def show_arrived(self, received_bytes: int, size_bytes: int | None) -> None:
        self._bar.total = size_bytes
        self._bar.update(received_bytes - self._bar.n)

    def show_checked(self, checked_bytes: int, size_bytes: int | None) -> None:
        self._bar.set_postfix_str("" if checked_bytes == size_bytes else "comparing", refresh=False)
        self.show_arrived(checked_bytes, size_bytes)
        if checked_bytes == size_bytes:
            self._bar.reset(total=size_bytes)


def _titled(collection: Collection, title: str | None) -> list[Wish]:
    wishes = collection.wishes
    if title is None or collection.problems:
        return wishes
    if len(wishes) != 1:
        message = "--title is for a single file."
        raise CommandError(message)
    return [Wish(wish.source, {**wish.fields, "title": printable(title)[:255]}, wish.path) for wish in wishes]


def _find_project(name: str | None) -> Project:
    ours = Project.objects.exclude(pk__in=INTERNAL_PROJECT_IDS)
    projects = [project for project in ours if name is None or project.name == name.strip()]
    if len(projects) == 1:
        if projects[0].is_suspended:
            message = f"The project {projects[0].name} is suspended."
            raise CommandError(message)
        return projects[0]
    known = ", ".join(ours.values_list("name", flat=True)[:20])
    message = "There is no such project." if name is not None else "Name the project with --project."
    hint = f"There are: {known}." if known else "`manage.py create_api_key --project NAME` makes one."
    raise CommandError(f"{message} {hint}")


def _total_bar(wishes: list[Wish]) -> tqdm[Any]:
    return tqdm(
        total=len(wishes), desc="All", unit="file", disable=None if len(wishes) > 1 else True, position=0
    )


def _percent_bar(name: str) -> tqdm[Any]:
    return tqdm(
        total=100, desc=f"{name}: processing", bar_format="{desc} {percentage:3.0f}% |{bar}|", disable=None
    )
