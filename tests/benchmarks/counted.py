"""The product's WSGI application, with one byte in a file for each query of a web process: the file's size counts them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from gilfoyle.wsgi import application

_file = os.open(os.environ["COUNTED_QUERIES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    os.write(_file, b".")
    return execute(sql, params, many, context)


def _install(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    connection.execute_wrappers.append(_count)


connection_created.connect(_install)

__all__ = ["application"]
