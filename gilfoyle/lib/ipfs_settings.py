"""The section of settings.yaml about the IPFS node that holds the media, and the cluster that keeps copies."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from gilfoyle.lib.settings_section import HttpUrl, Section

IPFS_ENVIRONMENT = {
    f"GILFOYLE_IPFS_{key.upper()}": ("storage", "ipfs", key)
    for key in ("rpc_url", "rpc_auth", "cluster_url", "cluster_auth")
}


def _permission(secret: SecretStr) -> SecretStr:
    kind, separator, rest = secret.get_secret_value().partition(":")
    if kind and not (separator and rest and (kind == "bearer" or (kind == "basic" and ":" in rest))):
        msg = "must be basic:USER:PASSWORD or bearer:TOKEN, or empty"
        raise ValueError(msg)
    return secret


Permission = Annotated[SecretStr, AfterValidator(_permission)]


class IpfsSettings(Section):
    rpc_url: HttpUrl = Field("", description="Address of the node's RPC, which nobody else may reach.")
    rpc_auth: Permission = Field(
        SecretStr(""), description="basic:USER:PASSWORD or bearer:TOKEN; best given by the environment."
    )
    cluster_url: HttpUrl = Field("", description="REST API of IPFS Cluster; empty: the node alone pins.")
    cluster_auth: Permission = Field(
        SecretStr(""), description="basic:USER:PASSWORD or bearer:TOKEN; best given by the environment."
    )
    gateway_url: HttpUrl = Field(
        "", description="A gateway that objects are read through; empty: the node's RPC."
    )
    timeout_s: float = Field(
        60, ge=1, le=3600, description="The node counts as gone when it is silent for so long."
    )
