"""What every section of settings.yaml is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

# The folder of manage.py: what a relative path in settings.yaml starts from.
ROOT = Path(__file__).resolve().parents[2]


class Section(BaseModel):
    """A part of settings.yaml: frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _without_trailing_slash(url: str) -> str:
    if url and not url.startswith(("http://", "https://")):
        msg = "must begin with http:// or https://"
        raise ValueError(msg)
    return url.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_without_trailing_slash)]


def _from_root(path: Path) -> Path:
    return ROOT / path.expanduser()


Folder = Annotated[Path, AfterValidator(_from_root)]
