"""The section of settings.yaml about telling consumers what happened."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from pydantic import Field

from gilfoyle.lib.settings_section import Section


class WebhookSettings(Section):
    enabled: bool = Field(True, description="Send webhooks.")
    ports: tuple[int, ...] = Field((443, 80), min_length=1, description="Ports that are connected to.")
    private_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="Networks that are not public, in which receivers may be all the same."
    )
    allow_http: bool = Field(False, description="Send to public servers without encryption, too.")
    timeout_s: float = Field(15, ge=1, le=30, description="Longest time that one try may take.")
    at_once: int = Field(8, ge=1, le=64, description="Deliveries at once in a worker.")
    at_once_per_endpoint: int = Field(2, ge=1, le=16, description="Of these, to one endpoint.")
    max_endpoints: int = Field(20, ge=1, le=200, description="Endpoints that a project may have.")
    max_waiting: int = Field(
        10_000, ge=100, le=1_000_000, description="Deliveries that may wait for an endpoint."
    )
    disable_after_days: float = Field(
        5, gt=0, le=365, description="Days without a success after which it ends."
    )
    keep_deliveries_days: float = Field(7, gt=0, le=365, description="Days that deliveries are kept.")
