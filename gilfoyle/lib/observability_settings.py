"""The part of settings.yaml about what an operator sees: logs, metrics and traces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from gilfoyle.lib.settings_section import HttpUrl, Section

SHORTEST_TOKEN = 32


def split_listen(listen: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:9464` or `[::1]:9464`.

    Raises: ValueError.
    """
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        msg = "must be HOST:PORT, as in 127.0.0.1:9464"
        raise ValueError(msg)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not host or any(sign in host for sign in "/[] "):
        msg = "must be HOST:PORT, as in 127.0.0.1:9464"
        raise ValueError(msg)
    return host, int(port)


def _listen(value: str) -> str:
    split_listen(value)
    return value


class MetricsSettings(Section):
    """Figures for Prometheus, on a port of their own."""

    enabled: bool = Field(True, description="Whether anything is counted and can be scraped.")
    listen: Annotated[str, AfterValidator(_listen)] = Field(
        "127.0.0.1:9464", description="Address of /metrics, apart from the public one; port 0: any free one."
    )
    on_public_port: bool = Field(
        False, description="Whether the web server answers /metrics, too; needs token."
    )
    token: SecretStr = Field(SecretStr(""), description="Who scrapes must show it; empty: nothing is asked.")

    @model_validator(mode="after")
    def _public_needs_token(self) -> MetricsSettings:
        token = self.token.get_secret_value()
        if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
            msg = f"observability.metrics.token must have {SHORTEST_TOKEN} ASCII characters or more"
            raise ValueError(msg)
        if self.on_public_port and not token:
            msg = "observability.metrics.token must be set when observability.metrics.on_public_port is true"
            raise ValueError(msg)
        return self


class TracesSettings(Section):
    """Traces by OpenTelemetry, sent to a collector."""

    endpoint: HttpUrl = Field("", description="Where OTLP is taken over HTTP, …/v1/traces; empty: nowhere.")
    ratio: float = Field(1.0, ge=0, le=1, description="Share of requests that are traced.")


class ObservabilitySettings(Section):
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe level.")
    log_format: Literal["console", "json"] = Field("console", description="For people, or for machines.")
    metrics: MetricsSettings = Field(default_factory=MetricsSettings, description="For Prometheus.")
    traces: TracesSettings = Field(default_factory=TracesSettings, description="For OpenTelemetry.")
