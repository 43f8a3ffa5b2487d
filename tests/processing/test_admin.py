from django.contrib import admin

from processing.admin import JobAdmin, StepAdmin
from processing.models import Job, Step


def test_django_finds_the_pages_of_this_app() -> None:
    assert type(admin.site._registry[Job]) is JobAdmin
    assert type(admin.site._registry[Step]) is StepAdmin
