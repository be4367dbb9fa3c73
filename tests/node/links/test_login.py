"""Which broker a call meets at, and as whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.common import config
from node.common.config import Settings
from node.links import login
from node.links.address import BrokerAddress
from protocol.errors import NodeError, UsageError

FILE = 'broker = "mqtts://files"\nbroker_username = "ann"\nbroker_password = "files-pw"\nbroker_ca_file = "/ca.pem"\n'
OWN = "mqtts://us@rooms"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictophone.toml").write_text(FILE)
    return tmp_path


def settings(**flags: object) -> Settings:
    return config.load(**flags)


def test_without_one_of_the_rooms_it_is_the_settings() -> None:
    assert login.broker_address(settings()) == BrokerAddress("files", 8883, True, "ann", "files-pw", "/ca.pem")


def test_the_rooms_own_comes_before_the_files_and_gets_nothing_of_its_login() -> None:
    assert login.broker_address(settings(), OWN) == BrokerAddress("rooms", 8883, True, "us", ca_file="/ca.pem")
    assert login.broker_address(settings(), "mqtts://us:pw@rooms").password == "pw"


def test_a_ca_file_is_no_secret_and_counts_for_every_broker() -> None:
    for address in (OWN, "mqtts://files", "mqtts://files:8884"):
        assert login.broker_address(settings(), address).ca_file == "/ca.pem"
    assert login.broker_address(settings(broker="mqtts://flag")).ca_file == "/ca.pem"


def test_a_room_at_the_files_broker_needs_no_login_of_its_own() -> None:
    assert login.broker_address(settings(), "mqtts://files").password == "files-pw"
    assert login.broker_address(settings(), "mqtts://files:8884").password is None
    assert login.broker_address(settings(), "mqtt://files:8883").password is None


def test_what_this_run_was_given_comes_before_the_rooms_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert login.broker_address(settings(broker="mqtt://flag"), OWN).host == "flag"
    monkeypatch.setenv("PICTOPHONE_BROKER_PASSWORD", "runs-pw")
    assert login.broker_address(settings(), OWN) == BrokerAddress("rooms", 8883, True, "us", "runs-pw", "/ca.pem")
    monkeypatch.setenv("PICTOPHONE_BROKER", "mqtt://environment")
    assert login.broker_address(settings(), OWN).host == "environment"


def test_a_password_may_come_from_a_file(folder: Path) -> None:
    path = folder / "password"
    path.write_text("from file\n")
    path.chmod(0o600)
    assert login.broker_address(settings(broker_password_file=path), OWN).password == "from file"
    assert login.broker_address(settings(broker_password_file=path)).password == "from file"
    path.chmod(0o644)
    with pytest.raises(NodeError, match="chmod 600"):
        login.broker_address(settings(broker_password_file=path))


def test_of_a_password_and_a_file_of_one_the_nearer_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "password"
    path.write_text("from file")
    path.chmod(0o600)
    with (folder / "pictophone.toml").open("a") as file:
        file.write(f'broker_password_file = "{path}"\n')
    assert login.broker_address(settings()).password == "from file"
    monkeypatch.setenv("PICTOPHONE_BROKER_PASSWORD", "from environment")
    assert login.broker_address(settings()).password == "from environment"
    assert login.broker_address(settings(broker_password_file=path)).password == "from file"


def remarks(**flags: object) -> list[str]:
    chosen = settings(**flags)
    return login.remarks(chosen, login.broker_address(chosen))


def test_a_way_in_the_open_is_remarked() -> None:
    (line,) = remarks(broker="mqtt://broker.example.org", broker_password_file=None)
    assert "nothing hides what goes to mqtt://broker.example.org:1883" in line
    assert "the password among it" in line
    assert remarks(broker="mqtts://broker.example.org") == remarks(broker="mqtt://192.168.1.7") == []


def test_a_password_among_the_running_commands_is_remarked(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = remarks(broker="mqtts://ann:hunter2@broker.example.org")
    assert "--broker-password-file" in line
    assert "hunter2" not in line
    monkeypatch.setenv("PICTOPHONE_BROKER", "mqtts://ann:hunter2@broker.example.org")
    assert remarks() == []


# -- by WebSocket, through a proxy, at several addresses

CLUSTER = 'broker = ["mqtts://a", "wss://b/ws"]\nbroker_username = "ann"\nbroker_password = "files-pw"\n'
HEADERS = '[broker_headers]\nAuthorization = "Bearer hunter2"\n'


def test_a_list_in_the_file_is_one_with_commas(folder: Path) -> None:
    (folder / "pictophone.toml").write_text(CLUSTER)
    assert settings().broker == "mqtts://a,wss://b/ws"
    address = login.broker_address(settings())
    assert [str(one) for one in address.each()] == ["mqtts://a:8883", "wss://b:443/ws"]
    assert {one.password for one in address.each()} == {"files-pw"}


def test_a_link_to_one_of_the_files_addresses_has_the_login_and_one_with_another_has_not(folder: Path) -> None:
    (folder / "pictophone.toml").write_text(CLUSTER + HEADERS)
    for url in ("mqtts://a", "wss://b/other", "mqtts://a,wss://b"):
        address = login.broker_address(settings(), url)
        assert (address.password, bool(address.headers)) == ("files-pw", True)
    for url in ("mqtts://a,mqtts://evil", "wss://a", "mqtts://b:443"):
        for one in login.broker_address(settings(), url).each():
            assert (one.password, one.headers) == (None, ())


def test_a_proxy_and_a_version_count_for_every_broker(folder: Path) -> None:
    (folder / "pictophone.toml").write_text('broker_proxy = "http://ann:hunter2@p:8888"\nmqtt_version = "5"\n')
    for one in login.broker_address(settings(broker="mqtts://a,mqtts://b")).each():
        assert one.proxy is not None
        assert (one.proxy.host, one.proxy.port, one.version) == ("p", 8888, "5")
    assert "hunter2" not in repr(settings())


@pytest.mark.parametrize("header", ['"X Y" = "1"', '"" = "1"', 'X = "1\\r\\nY: hunter2"', 'X = "hunter2é"'])
def test_a_header_that_is_none_is_refused_without_its_value(folder: Path, header: str) -> None:
    (folder / "pictophone.toml").write_text(f"[broker_headers]\n{header}\n")
    with pytest.raises(UsageError, match="broker_headers") as caught:
        login.broker_address(settings(broker="wss://h"))
    assert "hunter2" not in str(caught.value)


def test_headers_that_go_nowhere_and_open_ways_are_remarked_on(folder: Path) -> None:
    (folder / "pictophone.toml").write_text(HEADERS)
    chosen = settings(broker="mqtts://a")
    assert any("here they go nowhere" in line for line in login.remarks(chosen, login.broker_address(chosen)))
    exposed = settings(broker="wss://a,ws://b.example.org/mqtt")
    (line,) = login.remarks(exposed, login.broker_address(exposed))
    assert "ws://b.example.org:80/mqtt on its way, the headers among it: write wss://" in line
