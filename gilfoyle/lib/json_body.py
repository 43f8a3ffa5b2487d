"""The JSON body of a request, read with limits: DRF's own parser takes any length and any depth."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser

from gilfoyle.lib.errors import TooLarge

MIB = 1024 * 1024
MAX_BODY_BYTES = MIB


class JsonBody(BaseParser):
    """JSON of at most 1 MiB, unless a kind of body may be larger.

    No JSONParser itself: of such a one DRF reads the whole body before it asks.
    """

    media_type = "application/json"

    @property
    def max_bytes(self) -> int:
        return MAX_BODY_BYTES

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises: TooLarge, ParseError."""
        body = stream.read(self.max_bytes + 1)
        if len(body) > self.max_bytes:
            message = f"The JSON body may have at most {self.max_bytes / MIB:.3g} MiB."
            raise TooLarge(message)
        try:
            return JSONParser().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError:
            message = "The JSON body is nested too deeply."
            raise ParseError(message) from None
