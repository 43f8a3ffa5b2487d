from __future__ import annotations

import logging
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from gilfoyle.doctor import Finding, examine


class Command(BaseCommand):
    help = "Look at every part of this Gilfoyle; say for each that it is well, or what to do."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        logging.disable(logging.CRITICAL)  # the report says it all, in a line each
        findings = []
        for finding in examine(settings.GILFOYLE, os.environ):
            self.stdout.write(self._line(finding))
            findings.append(finding)
        if any(finding.level == "FAIL" for finding in findings):
            sys.exit(1)

    def _line(self, finding: Finding) -> str:
        style = {"ok": self.style.SUCCESS, "warn": self.style.WARNING, "FAIL": self.style.ERROR}[
            finding.level
        ]
        # A text that ends no sentence is parted from the next one.
        part = "" if finding.text.rstrip().endswith((".", "!", "?", ":")) else "."
        hint = f"{part} {finding.hint}" if finding.hint else ""
        words = " ".join(f"{finding.text}{hint}".split())
        return f"{style(f'{finding.level:<4}')}  {finding.part:<12} {words}"
