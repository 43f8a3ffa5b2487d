"""What may be said of a node of IPFS."""

from __future__ import annotations

import pytest

from gilfoyle.lib.config import load_config
from gilfoyle.lib.errors import ConfigError
from gilfoyle.lib.ipfs_settings import IPFS_ENVIRONMENT, IpfsSettings


@pytest.mark.parametrize("text", ["", "basic:user:pass:word", "bearer:token"])
def test_permission_is_written_as_the_node_itself_writes_it(text: str) -> None:
    assert IpfsSettings.model_validate({"rpc_auth": text}).rpc_auth.get_secret_value() == text


@pytest.mark.parametrize("text", ["token", "basic:user", "basic:", "bearer:", "digest:a:b"])
def test_any_other_permission_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(None, {"GILFOYLE_IPFS_RPC_AUTH": text})
    assert "basic:USER:PASSWORD" in str(error.value)
    assert "digest" not in str(error.value)


def test_secrets_and_addresses_come_from_the_environment() -> None:
    given = {name: "bearer:t" if name.endswith("AUTH") else "http://node/" for name in IPFS_ENVIRONMENT}
    ipfs = load_config(None, given).storage.ipfs
    assert (ipfs.rpc_url, ipfs.cluster_url) == ("http://node", "http://node")
    assert ipfs.rpc_auth.get_secret_value() == ipfs.cluster_auth.get_secret_value() == "bearer:t"
    assert "bearer:t" not in repr(ipfs)
