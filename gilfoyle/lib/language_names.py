"""What languages are called by those who speak them."""

from __future__ import annotations

from django.conf.locale import LANG_INFO

from gilfoyle.lib.languages import UNKNOWN, known_tag

NO_LANGUAGE = (UNKNOWN, "mis", "mul", "zxx")  # unknown, without a code, several, none


def language_name(text: str) -> str:
    """Return e.g. "Deutsch" for `de`, the tag itself where no name is known, and "" where there is no language."""
    tag = known_tag(text)
    if tag in NO_LANGUAGE:
        return ""
    names = (LANG_INFO.get(part, {}).get("name_local", "") for part in (tag.lower(), tag.split("-")[0]))
    name: str = next(filter(None, names), tag)
    return name[:1].upper() + name[1:]
