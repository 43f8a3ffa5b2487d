"""Filters for the templates of all rooms: `{% load house %}`."""

from __future__ import annotations

from django import template

from gilfoyle.lib.admin_words import with_code

register = template.Library()
register.filter("with_code", with_code)
