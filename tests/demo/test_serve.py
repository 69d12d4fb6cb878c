"""Serving the demo, without the proxy: ports and command line. The whole is started in `tests/live/test_run.py`."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from parclose.demo import serve
from parclose.demo.state import prepare


def test_a_taken_port_is_passed_over() -> None:
    """The next free one is taken; when none is, the answer says how to name one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not serve.is_free("127.0.0.1", port)
        assert serve.free_port("127.0.0.1", port) > port


def test_no_free_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried for ever."""
    monkeypatch.setattr(serve, "is_free", lambda host, port: False)
    with pytest.raises(serve.CannotServe, match="--listen"):
        serve.free_port("127.0.0.1", 8080)


def test_a_second_demo_has_its_own_admin_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the admin port is taken a copy of the policy names another; the original is not touched."""
    shutil.copy(serve.POLICY, tmp_path)
    prepare(tmp_path)
    path = tmp_path / "policy.yaml"
    before = path.read_text()
    monkeypatch.setattr(serve, "is_free", lambda host, port: port != 9464)
    with serve._own_admin_port(path) as (copy, policy):
        assert copy != path
        assert policy.settings.admin_port == 9465
    assert path.read_text() == before
    assert not copy.exists()


def test_the_first_demo_serves_the_file_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a visitor edits is what is in force."""
    shutil.copy(serve.POLICY, tmp_path)
    prepare(tmp_path)
    monkeypatch.setattr(serve, "is_free", lambda host, port: True)
    with serve._own_admin_port(tmp_path / "policy.yaml") as (path, policy):
        assert (path, policy.name) == (tmp_path / "policy.yaml", "demo")


@pytest.mark.parametrize(("web", "tool"), [(False, "mitmdump"), (True, "mitmweb")])
def test_what_else_is_said_goes_to_mitmproxy(web: bool, tool: str) -> None:
    """The rest comes last and unchanged, so that it wins."""
    wish = serve.Wish(web=web, rest=("--set", "flow_detail=0"))
    command = serve._command(Path("p.yaml"), wish, 8080, 9)
    assert Path(command[0]).name == tool
    assert command[-2:] == ["--set", "flow_detail=0"]
    assert "reverse:http://127.0.0.1:9@127.0.0.1:8080" in command
    assert ("--web-port" in command) is web
