"""Structured logs that carry request, video and job ids, and neither secrets nor viewers.

Playback tokens and upload addresses stand in paths, so every text that leaves here is scrubbed of them.
"""

from __future__ import annotations

import re
from typing import Any

import structlog

from gilfoyle.lib.ids import is_id, random_text

_SLASH = "/|%(?:25)*2F"  # also as it stands in the query of an oEmbed request
_TOKEN_IN_PATH = re.compile(
    rf"({_SLASH})(play|embed|report)(?:{_SLASH})+([A-Za-z0-9]{{1,12}})(?:(?!{_SLASH})[^\s\"'])*",
    re.IGNORECASE,
)
_LET_IN = re.compile(
    rf"({_SLASH})login(?:{_SLASH})+let-in(?:{_SLASH})+(?:(?!{_SLASH})[^\s\"'])+", re.IGNORECASE
)
_UPLOAD_ADDRESS = re.compile(r"upg_([0-9A-Za-z]{1,18})\.[0-9A-Za-z_-]+")
_SIGNED = re.compile(r"(X-Amz-(?:Signature|Credential|Security-Token))=[^&\s\"']+", re.IGNORECASE)
_API_KEY = re.compile(r"gfk_([0-9A-Za-z]{1,8})_[0-9A-Za-z]+")


def scrub(text: str) -> str:
    """Replace playback tokens by their key id, upload addresses by their grant's id, API keys by their prefix.

    Of what was signed for a bucket the signature goes, and all of what makes a browser of the staff known.
    """
    text = _TOKEN_IN_PATH.sub(r"\1\2\1\3~", text)
    text = _LET_IN.sub(r"\1login\1let-in\1~", text)
    text = _UPLOAD_ADDRESS.sub(r"upg_\1~", text)
    text = _SIGNED.sub(r"\1=~", text)
    return _API_KEY.sub(r"gfk_\1_~", text)


def _scrub_line(_logger: Any, _method: str, line: str) -> str:
    return scrub(line)


def logging_settings(level: str, form: str) -> dict[str, Any]:
    """Return Django's LOGGING for a level and a form (`console` or `json`)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [structlog.stdlib.ExtraAdder(allow=[]), *shared],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                    _scrub_line,  # last: whatever depth of whatever value a secret stood in
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            "django": {"handlers": [], "level": level.upper(), "propagate": True},
            # A refused request is the caller's matter; it is not a warning for the operator.
            "django.request": {"level": "ERROR"},
            # Anybody's scanner may ask for any host, as often as it likes.
            "django.security.DisallowedHost": {"level": "CRITICAL", "propagate": False},
            "dramatiq": {"level": "WARNING"},
            "pika": {"level": "ERROR"},
            "botocore": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "opentelemetry": {"level": "ERROR"},  # each try is no news; that none came through is
            "boto3": {"level": "WARNING"},
        },
    }


def current_request_id() -> str:
    """Return the id of the request that this thread answers; "" where it answers none."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


class RequestIdMiddleware:
    """Give each request an id that stands in its answer (`X-Request-Id`) and in every log line about it.

    So does the id of the video that it is about, where its address names one.
    """

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        request.request_id = random_text(16)
        with structlog.contextvars.bound_contextvars(request_id=request.request_id):
            try:
                response = self.get_response(request)
            finally:
                structlog.contextvars.unbind_contextvars("video_id")
        response["X-Request-Id"] = request.request_id
        return response

    def process_view(self, request: Any, _view: Any, _args: Any, named: dict[str, Any]) -> None:
        """Note the video; an address is a stranger's text, and only what has the shape of an id is one."""
        video_id = named.get("video_id")
        if hasattr(request, "request_id") and isinstance(video_id, str) and is_id(video_id):
            structlog.contextvars.bind_contextvars(video_id=video_id)
