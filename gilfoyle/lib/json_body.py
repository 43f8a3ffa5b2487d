"""The JSON body of a request, read with limits: DRF's own parser takes any length and any depth."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from gilfoyle.lib.errors import TooLarge

MAX_BODY_BYTES = 1024 * 1024


class JsonBody(JSONParser):
    """JSON of at most 1 MiB."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises: TooLarge, ParseError."""
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            message = "The JSON body may have at most 1 MiB."
            raise TooLarge(message)
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError:
            message = "The JSON body is nested too deeply."
            raise ParseError(message) from None
