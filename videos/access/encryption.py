"""Whether a project's segments are encrypted: its own word, else that of the settings; a public store decides alone."""

from __future__ import annotations

from gilfoyle.lib.config import Config
from videos.access.models import Project

CHOICES = ("", "on", "off")


def encrypts(project: Project, config: Config) -> bool:
    """Tell whether what is made for a project from now on is encrypted."""
    own = {"on": True, "off": False}.get(project.encryption, config.playback.encryption)
    return own or config.storage.is_public
