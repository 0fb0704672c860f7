"""Running servers of a person, really broken: each time the doctor names that, and nothing else."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.jupyter.patient import add_kernel, configure, look, need_root, spec_of
from tests.faults.lab import Running, jupyterlab
from tests.lab_env import free_port

pytestmark = pytest.mark.target


@pytest.fixture
def server(person: dict[str, str], target_python: str) -> Iterator[Running]:
    """A server as most people start it: localhost, a token, a port of its own."""
    with jupyterlab(target_python, person, "--allow-root", f"--port={free_port()}") as running:
        yield running


def test_a_running_server_is_left_in_peace(person: dict[str, str], server: Running) -> None:
    said = look({**person, "http_proxy": ""})
    assert said.complaints == []
    assert said.of("jupyter-bound-to-localhost")["severity"] == "info"
    assert server.token not in json.dumps(said.findings)


def test_opened_in_the_configuration_but_not_restarted(person: dict[str, str], server: Running) -> None:
    configure(person, "jupyter_server_config.py", "c.ServerApp.ip = '0.0.0.0'\n")
    assert look(person).failed == ["jupyter-bound-to-localhost"]


def test_the_shell_has_a_mirror_and_the_server_has_not(
    person: dict[str, str], home: Path, server: Running
) -> None:
    (home / ".bashrc").write_text("# mine\nexport HF_ENDPOINT=https://hf-mirror.com\n")
    assert look(person).failed == ["hf-env-not-in-kernel"]
    ask(server, "POST", "/api/kernels", json.dumps({"name": "python3"}))
    said = look(person)
    assert f"process {server.pid}" not in str(said.of("hf-env-not-in-kernel")["evidence"])  # the kernel's own
    assert said.failed == ["hf-env-not-in-kernel"]
    assert f"{home}/.bashrc:2" in str(said.of("hf-env-not-in-kernel")["evidence"])
    (home / ".ipython/profile_default/startup").mkdir(parents=True, exist_ok=True)
    startup = home / ".ipython/profile_default/startup/00-hf.py"
    startup.write_text("import os\nos.environ['HF_ENDPOINT'] = 'https://hf-mirror.com'\n")
    assert look(person).complaints == []


def test_a_kernel_spec_brings_what_the_shell_has(person: dict[str, str], home: Path, server: Running) -> None:
    """Only the kernel's own process shows what it got."""
    (home / ".bashrc").write_text("export HF_ENDPOINT=https://hf-mirror.com\n")
    spec = {**spec_of("python"), "env": {"HF_ENDPOINT": "https://hf-mirror.com"}}
    add_kernel(person, "mirrored", spec)
    ask(server, "POST", "/api/kernels", json.dumps({"name": "mirrored"}))
    assert look(person).complaints == []


def test_a_page_of_another_origin(person: dict[str, str], server: Running) -> None:
    assert ask(server, "POST", "/api/sessions", "{}", origin="https://lab.example.com") in (403, 404)
    assert look(person).complaints == ["jupyter-xsrf-or-origin"]


def test_a_proxy_under_another_name(person: dict[str, str], server: Running) -> None:
    assert ask(server, "GET", "/lab", host="lab.example.com") == 403
    said = look(person)
    assert said.failed == ["jupyter-host-header-blocked"]
    assert server.token not in json.dumps(said.findings)


def test_a_server_that_lets_everyone_in(person: dict[str, str], target_python: str) -> None:
    need_root()
    flags = ("--allow-root", "--ip=0.0.0.0", "--port=8899")
    alone = ("unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh")
    for token, failed in (("", ["jupyter-exposed-without-password"]), ("a-token", [])):
        with jupyterlab(
            target_python, person, *flags, f"--IdentityProvider.token={token}", prefix=alone
        ) as running:
            said = look(person, prefix=("nsenter", "-t", str(running.pid), "-n"))
            assert said.failed == failed
            assert not token or token not in json.dumps(said.findings)


def test_the_port_is_held_by_another_program(person: dict[str, str], target_python: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        configure(
            person, "jupyter_server_config.py", f"c.ServerApp.port = {port}\nc.ServerApp.allow_root = True\n"
        )
        assert look(person).failed == ["jupyter-port-in-use"]
        with jupyterlab(target_python, person) as moved:
            assert moved.port != port
            said = look(person)
            assert said.failed == ["jupyter-port-in-use"]
            assert str(moved.port) in str(said.of("jupyter-port-in-use")["cause"])
    assert look(person).complaints == []


def ask(
    server: Running, method: str, path: str, body: str | None = None, host: str = "", origin: str = ""
) -> int:
    """A request as the browser's page makes it: with the server's token, unless it is a page of another origin."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Origin": origin} if origin else {"Authorization": f"token {server.token}"}
    connection.request(method, path, body, {**headers, **({"Host": host} if host else {})})
    status = connection.getresponse().status
    connection.close()
    return status
