"""Web servers in front of a JupyterLab: their own files, in an /etc of the test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from doctor.texts.search import by_text
from tests.faults.lab import jupyterlab
from tests.faults.patient import Diagnosis, diagnose
from tests.faults.reported.etc import own_etc
from tests.lab_env import free_port

NGINX = """user www-data;
events { worker_connections 768; }
http {
    include /etc/nginx/conf.d/*.conf;  # all of them
}
"""
SITE = """map $http_upgrade $connection_upgrade { default upgrade; '' close; }
server {
    listen 80;
    server_name %s;
    %s
    location / {
        proxy_pass http://127.0.0.1:%d;
        %s
    }
}
"""
HOST = "proxy_set_header Host $host;"
UPGRADE = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;"
WELL = f"proxy_http_version 1.1; {UPGRADE} {HOST}"
NO_LIMIT = "client_max_body_size 0;"
OURS = ("jupyter-proxy-without-websocket", "jupyter-proxy-body-limit")


class Machine:
    """A person whose configuration names a port, and a web server's files."""

    def __init__(self, folder: Path, person: dict[str, str]) -> None:
        self.folder, self.person, self.port = folder, person, free_port()
        config = Path(person["HOME"]) / ".jupyter/jupyter_server_config.py"
        config.parent.mkdir()
        config.write_text(f"c.ServerApp.port = {self.port}\n")

    def look(self, **files: str) -> Diagnosis:
        named = {
            name.replace("__", "/").replace("conf_d", "conf.d").replace("_conf", ".conf"): text
            for name, text in files.items()
        }
        return diagnose(self.person, "--area", "jupyter", prefix=own_etc(self.folder, named))

    def nginx(self, place: str, server: str = NO_LIMIT, name: str = "lab.example.com") -> Diagnosis:
        site = SITE % (name, server, self.port, place)
        return self.look(nginx__nginx_conf=NGINX, nginx__conf_d__site_conf=site)

    @property
    def site(self) -> Path:
        return next((self.folder / "etc/nginx").rglob("site.conf"))


@pytest.fixture
def machine(tmp_path: Path, person: dict[str, str]) -> Machine:
    return Machine(tmp_path, person)


def said(diagnosis: Diagnosis) -> list[str]:
    return [finding["id"] for finding in diagnosis.findings if finding["id"] in (*OURS, "jupyter-unknown")]


def mend(diagnosis: Diagnosis, name: str, machine: Machine) -> None:
    """The remedy's own command, on the copy of /etc."""
    for command in diagnosis.of(name)["remedy"]["commands"]:
        if command[0] == "sed":
            subprocess.run([*command[:-1], str(machine.site)], check=True, timeout=30)


def test_nginx_without_websocket(machine: Machine) -> None:
    """https://github.com/jupyter/notebook/issues/6154: 400 GET /api/kernels/…/channels, 'Connecting' for ever."""
    found = machine.nginx(HOST)
    assert said(found) == ["jupyter-proxy-without-websocket"]
    evidence = str(found.of("jupyter-proxy-without-websocket")["evidence"])
    assert "site.conf" in evidence and "proxy_http_version 1.1;" in evidence and "Upgrade" in evidence
    mend(found, "jupyter-proxy-without-websocket", machine)
    text = machine.site.read_text()
    assert text.count("Upgrade $http_upgrade") == 1 and text.count("Host $host") == 1
    assert said(machine.look()) == []


@pytest.mark.parametrize(
    ("place", "missing"),
    [
        ("", ["proxy_http_version", "Upgrade", "Host"]),
        (f"{UPGRADE} {HOST}", ["proxy_http_version"]),
        (f"proxy_http_version 1.1; {HOST}", ["Upgrade"]),
        (f"proxy_http_version 1.1; {UPGRADE}", ["Host"]),
        (f"# {WELL}", ["proxy_http_version", "Upgrade", "Host"]),
    ],
)
def test_what_is_missing_is_named(machine: Machine, place: str, missing: list[str]) -> None:
    found = machine.nginx(place)
    evidence = str(found.of("jupyter-proxy-without-websocket")["evidence"])
    assert [word for word in ("proxy_http_version", "Upgrade", "Host") if word in evidence] == missing
    mend(found, "jupyter-proxy-without-websocket", machine)
    assert said(machine.look()) == []


@pytest.mark.parametrize(
    ("place", "server"),
    [
        (WELL, NO_LIMIT),
        ("", f"{NO_LIMIT} {WELL}"),
        (
            HOST,
            NO_LIMIT
            + " location ~ /(api/kernels|terminals)/ { proxy_pass http://127.0.0.1:%d; "
            + WELL
            + " }",
        ),
        ("include ws.conf;", NO_LIMIT),
        (f"{WELL} proxy_set_header X-Real-IP '$remote_addr';", "client_max_body_size 64M;"),
    ],
    ids=["in the place", "around it", "a place for kernels", "a file of its own", "a limit that is wide"],
)
def test_what_is_well_is_left_in_peace(machine: Machine, place: str, server: str) -> None:
    own_etc(machine.folder, {"nginx/ws.conf": WELL})
    found = machine.nginx(place, server.replace("%d", str(machine.port)))
    assert said(found) == []


def test_a_site_of_something_else(machine: Machine) -> None:
    site = SITE % ("shop.example.com", "", machine.port + 1, "")
    assert said(machine.look(nginx__nginx_conf=NGINX, nginx__conf_d__shop_conf=site)) == []


def test_a_jupyter_in_a_container_is_known_by_its_name(machine: Machine) -> None:
    site = "upstream hub { server 172.17.0.2:8000; }\n" + SITE.replace("http://127.0.0.1:%d", "http://hub") % (
        "jupyter.example.com", NO_LIMIT, HOST,
    )  # fmt: skip
    own_etc(machine.folder, {"nginx/nginx.conf": NGINX, "nginx/conf.d/site.conf": site})
    assert said(machine.look()) == ["jupyter-proxy-without-websocket"]


def test_nginx_that_takes_a_megabyte(machine: Machine) -> None:
    found = machine.nginx(WELL, "")
    assert said(found) == ["jupyter-proxy-body-limit"]
    mend(found, "jupyter-proxy-body-limit", machine)
    assert said(machine.look()) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ProxyPass / http://localhost:%d/\nProxyPreserveHost On\n", ["jupyter-proxy-without-websocket"]),
        ("ProxyPass / http://localhost:%d/ upgrade=websocket\nProxyPreserveHost On\n", []),
        (
            "ProxyPreserveHost On\nRewriteRule /(.*) ws://localhost:%d/$1 [P,L]\nProxyPass / http://localhost:%d/\n",
            [],
        ),
    ],
)
def test_apache(machine: Machine, text: str, names: list[str]) -> None:
    text = text.replace("%d", str(machine.port))
    found = machine.look(
        **{"apache2__sites-enabled__lab_conf": f"<VirtualHost *:80>\n{text}</VirtualHost>\n"}
    )
    assert said(found) == names


@pytest.mark.target
def test_a_server_that_runs_behind_it(
    tmp_path: Path, home: Path, environ: dict[str, str], target_python: str
) -> None:
    person = {**environ, "TARGET": str(Path(target_python).parent.parent)}
    machine = Machine(tmp_path, person)
    with jupyterlab(target_python, person, "--allow-root", f"--port={machine.port}"):
        found = machine.nginx(HOST)
        assert found.of("jupyter-proxy-without-websocket")["severity"] == "fail"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            '[W 12:00:00 NotebookApp] 400 GET /api/kernels/5c1/channels?session_id=ab (127.0.0.1) Can "Upgrade" only to "WebSocket".',
            "jupyter-proxy-without-websocket",
        ),
        ("WebSocket connection to 'wss://lab.example.com/api/kernels/5c1/channels' failed: Error during WebSocket handshake: Unexpected response code: 400", "jupyter-proxy-without-websocket"),
        ("<html><head><title>413 Request Entity Too Large</title></head>", "jupyter-proxy-body-limit"),
    ],
)  # fmt: skip
def test_the_text(text: str, name: str) -> None:
    assert by_text(text)[0].id == name
