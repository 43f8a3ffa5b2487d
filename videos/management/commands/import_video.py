from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from gilfoyle.lib.errors import GilfoyleError
from videos.access.models import Project
from videos.catalog import selectors, services, states
from videos.catalog.models import Video
from videos.uploads.services import receive_source

PAUSE_S = 0.5
MAX_TITLE = 255


class Command(BaseCommand):
    help = "Import video files of this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="A video file.")
        parser.add_argument("--project", metavar="NAME", help="Needed where there is more than one project.")
        parser.add_argument("--title", help="For a single file; the file's name when left out.")
        parser.add_argument(
            "--wait", action="store_true", help="Follow the videos until they are ready or failed."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        paths: list[Path] = options["paths"]
        title: str | None = options["title"]
        if title is not None and len(paths) > 1:
            message = "--title is for a single file."
            raise CommandError(message)
        project = _find_project(options["project"])
        try:
            imported = [self._import(project, path, title or path.name) for path in paths]
            done = [video for video in imported if video and (not options["wait"] or self._follow(video))]
        except KeyboardInterrupt:
            message = "Interrupted. What was imported is processed all the same."
            raise CommandError(message, returncode=130) from None
        self.stdout.write(f"{len(done)} of {len(paths)} files {'ready' if options['wait'] else 'imported'}.")
        if len(done) < len(paths):
            message = f"{len(paths) - len(done)} of {len(paths)} files failed; the reasons stand above."
            raise CommandError(message)

    def _import(self, project: Project, path: Path, title: str) -> Video | None:
        """Import one file; say why and return None where that fails."""
        try:
            with path.open("rb") as file:
                video = _receive(project, file, path.name, title)
        except OSError as error:
            self.stderr.write(f"{path}: {error.strerror}")
            return None
        except GilfoyleError as error:
            self.stderr.write(f"{path}: {error.message} {error.hint}".strip())
            return None
        self.stdout.write(f"{video.pk}  {path}")
        return video

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


def _find_project(name: str | None) -> Project:
    projects = [project for project in Project.objects.all() if name is None or project.name == name.strip()]
    if len(projects) == 1:
        if projects[0].is_suspended:
            message = f"The project {projects[0].name} is suspended."
            raise CommandError(message)
        return projects[0]
    known = ", ".join(Project.objects.values_list("name", flat=True)[:20])
    message = "There is no such project." if name is not None else "Name the project with --project."
    hint = f"There are: {known}." if known else "`manage.py create_api_key --project NAME` makes one."
    raise CommandError(f"{message} {hint}")


def _receive(project: Project, file: BinaryIO, name: str, title: str) -> Video:
    length_bytes = os.fstat(file.fileno()).st_size
    # A file name may hold what a title can't: bytes that are no text.
    title = title.encode(errors="replace").decode()[:MAX_TITLE]
    video = services.create_video(project=project, fields={"title": title})
    with _byte_bar(name, length_bytes) as bar:

        def read(size: int) -> bytes:
            piece = file.read(size)
            bar.update(len(piece))
            return piece

        try:
            receive_source(video=video, length_bytes=length_bytes, read=read, config=settings.GILFOYLE)
        except BaseException:
            # Also on Ctrl-C: nobody will send the source of this video any more, unless it had just arrived.
            services.delete_if_sourceless(video_id=video.pk)
            raise
    return selectors.get_video(project=project, video_id=video.pk)


def _byte_bar(name: str, length_bytes: int) -> tqdm[Any]:
    return tqdm(total=length_bytes, desc=name, unit="B", unit_scale=True, unit_divisor=1024, disable=None)


def _percent_bar(name: str) -> tqdm[Any]:
    return tqdm(
        total=100, desc=f"{name}: processing", bar_format="{desc} {percentage:3.0f}% |{bar}|", disable=None
    )
