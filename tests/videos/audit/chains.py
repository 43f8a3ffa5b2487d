"""Chains as tests need them, and a database whose guards are off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from videos.audit.checking import keep_verdict, verify_chain
from videos.audit.checkpoints import copy_checkpoints, make_checkpoint
from videos.audit.services import link_entries, record
from videos.audit.verifying import Verdict


def fill(count: int, *, project_id: str = "p1") -> None:
    """Record entries of two kinds, and link them."""
    with transaction.atomic():
        for number in range(count):
            record(
                "case.decided" if number % 2 else "case.opened",
                object_type="case",
                object_id=f"cas_{number}",
                project_id=project_id,
                data={"number": number},
            )
    link_entries()


def sign(folder: Path) -> None:
    make_checkpoint(now=timezone.now())
    copy_checkpoints(folder=folder)


def verify(folder: Path) -> Verdict:
    return verify_chain(folder=folder)


def run(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(values))


def verify_and_keep() -> None:
    keep_verdict(verify_chain(folder=None), now=timezone.now())
