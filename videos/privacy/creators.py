"""Whose request it is: a creator of a project, by the consumer's own id."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db.models import Q

from gilfoyle.lib.errors import InvalidInput
from videos.access.models import Project
from videos.access.pseudonyms import pseudonym_of

LONGEST = 255


@dataclass(frozen=True)
class Creator:
    """A person behind uploads, reports or appeals."""

    project: Project
    id: str

    @cached_property
    def pseudonym(self) -> str:
        """What stands for the person afterwards."""
        return pseudonym_of(self.id, project_id=self.project.pk, root_secret=settings.GILFOYLE_ROOT_SECRET)


def find_creator(*, project: str, creator_id: str) -> Creator:
    """Return a creator by the name or id of the project.

    Raises: InvalidInput where there is no such project, or no such id can be.
    """
    found = Project.objects.filter(Q(pk=project) | Q(name=project)).first() if "\0" not in project else None
    if found is None:
        message = "There is no such project."
        raise InvalidInput(message)
    return creator_of(found, creator_id)


def creator_of(project: Project, creator_id: str) -> Creator:
    """Return a creator of a project; whether anything is known of them is another question.

    Raises: InvalidInput where no such id can be.
    """
    if not 1 <= len(creator_id) <= LONGEST or "\0" in creator_id:
        message = f"A creator's id has 1 to {LONGEST} characters."
        raise InvalidInput(message)
    return Creator(project, creator_id)
