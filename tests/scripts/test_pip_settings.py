"""scripts/pip_settings.sh: uv does what pip is configured to do. The measure is pip itself, and uv itself."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import shutil
import ssl
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scripts.conftest import BASE_PYTHON, ROOT
from tests.scripts.loopback import serve

SCRIPT = ROOT / "scripts/pip_settings.sh"
SOURCE = f'. {shlex.quote(str(SCRIPT))}; exec "$@"'
NAMES = [
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_FIND_LINKS",
    "SSL_CERT_FILE",
    "UV_CONSTRAINT",
    "UV_INSECURE_HOST",
    "UV_HTTP_TIMEOUT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "GROUNDWORK_NO_INDEX",
]
BARE = {"PATH": os.environ["PATH"], "XDG_CONFIG_DIRS": "/nonexistent", "HOME": "/nonexistent"}
NO_FILES = BARE | {"PIP_CONFIG_FILE": "/dev/null"}


def translated(env: dict[str, str]) -> dict[str, str]:
    """What a program started after the translation finds in its environment."""
    command = ["sh", "-euc", SOURCE, "sh", "env", "-0"]
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=30).stdout
    pairs = dict(item.split("=", 1) for item in out.split("\0") if item)
    return {name: pairs[name] for name in NAMES if name in pairs}


ASK_PIP = """
import json, os
from pip._internal.commands import create_command

def values(isolated):
    return vars(create_command("install", isolated=isolated).parser.get_default_values())

mine = values(False)
os.environ["PIP_CONFIG_FILE"] = "/dev/null"
plain = values(True)
print(json.dumps({name: mine[name] for name in OPTIONS if mine[name] != plain[name]}))
"""
OPTIONS = {
    "index_url": ("UV_DEFAULT_INDEX", ""),
    "extra_index_urls": ("UV_INDEX", " "),
    "find_links": ("UV_FIND_LINKS", ","),
    "cert": ("SSL_CERT_FILE", ""),
    "constraints": ("UV_CONSTRAINT", " "),
    "trusted_hosts": ("UV_INSECURE_HOST", " "),
    "timeout": ("UV_HTTP_TIMEOUT", ""),
}


def pip_says(pip: Path, env: dict[str, str]) -> dict[str, str]:
    """The options that `pip install` really starts with, where configured, in uv's words."""
    command = [str(pip.parent / "python"), "-c", f"OPTIONS = {list(OPTIONS)}{ASK_PIP}"]
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=60).stdout
    return in_uv_words(json.loads(out))


def in_uv_words(options: dict[str, Any]) -> dict[str, str]:
    found = {}
    for option, value in options.items():
        name, separator = OPTIONS[option]
        if value:
            found[name] = separator.join(value) if isinstance(value, list) else str(value).removesuffix(".0")
    if "UV_INDEX" in found:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return found


SYSTEM = """# of the machine
[global]
index-url = https://system.example/simple
timeout = 40
[install]
trusted-host = a.example
    b.example:8443
"""
USER = """[global]
; a comment
index-url: https://user:p%40ss@user.example/simple?x=1
extra-index-url =
    https://one.example/simple
    # a comment inside

    https://two.example/simple
find-links = /
\thttps://wheels.example/list.html
  cert = not a key, but the end of find-links
[download]
index-url = https://download.example/simple
[freeze]
timeout = 10
"""
INDENTED = """[global]
  index_url = https://indented.example/simple
  constraint = /c1.txt /c2.txt
    /c3.txt
[install]
index-url =
"""
EMPTY = "[global]\nindex-url =\n"


@pytest.mark.index
@pytest.mark.parametrize(
    "variables",
    [{}, {"PIP_INDEX_URL": "https://env.example/simple", "PIP_TIMEOUT": "7"}, {"PIP_INDEX_URL": ""}],
)
@pytest.mark.parametrize(
    "files",
    [
        ["system"],
        ["system", "user"],
        ["system", "legacy", "user"],
        ["user", "site"],
        ["user", "named"],
        ["off"],
    ],
)
def test_the_same_files_and_values_win_as_in_pip(
    files: list[str], variables: dict[str, str], pip: Path, tmp_path: Path
) -> None:
    venv = pip.parent.parent
    places = {
        "system": (tmp_path / "xdg/pip/pip.conf", SYSTEM),
        "legacy": (tmp_path / ".pip/pip.conf", INDENTED),
        "user": (tmp_path / "config/pip/pip.conf", USER),
        "site": (venv / "pip.conf", INDENTED),
        "named": (tmp_path / "named.conf", EMPTY),
    }
    env = BARE | {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "VIRTUAL_ENV": str(venv),
    }
    env |= {"XDG_CONFIG_DIRS": f"{tmp_path}/other:{tmp_path}/xdg", **variables}
    if "named" in files:
        env["PIP_CONFIG_FILE"] = str(places["named"][0])
    if "off" in files:
        env["PIP_CONFIG_FILE"] = "/dev/null"
    try:
        for name in [n for n in places if n in files or "off" in files]:
            places[name][0].parent.mkdir(parents=True, exist_ok=True)
            places[name][0].write_text(places[name][1])
        wanted = pip_says(pip, env)
        # A line of find-links that is no folder and no address is not passed on.
        if "UV_FIND_LINKS" in wanted:
            wanted["UV_FIND_LINKS"] = "/,https://wheels.example/list.html"
        assert translated(env) == wanted
    finally:
        (venv / "pip.conf").unlink(missing_ok=True)


LINES = st.lists(
    st.builds(
        lambda indent, text: indent + text,
        st.sampled_from(["", "", "", " ", "   ", "\t"]),
        st.sampled_from(
            ["[global]", "[install]", "[other]", "", "# note", "; note", "index-url = https://a/", "index-url: https://b/",
             "trusted-host = h1 h2", "trusted-host =", "timeout=5", "unknown = 1", "https://c/", "x y", "cert = /a=b:c"]
        ),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_a_file_is_read_as_configparser_reads_it(lines: list[str]) -> None:
    text = "\n".join(lines)
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return  # pip refuses such a file
    values: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            values |= {k: v for k, v in parser.items(section) if v}
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "pip.conf")
        config.write_text("")
        machine = translated(BARE | {"PIP_CONFIG_FILE": str(config)})  # what /etc/pip.conf says here
        config.write_text(text)
        found = translated(BARE | {"PIP_CONFIG_FILE": str(config)})
    wanted = {
        "UV_DEFAULT_INDEX": values.get("index-url", "").split(),
        "UV_INSECURE_HOST": values.get("trusted-host", "").split(),
        "SSL_CERT_FILE": values.get("cert", "").split(),
        "UV_HTTP_TIMEOUT": [t for t in [values.get("timeout", "")] if t.isdigit()],
    }
    for name, words in wanted.items():
        if name not in machine:
            assert found.get(name, "").split() == words, name


def test_an_index_for_downloads_only_is_better_than_none(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[download]\nindex-url = https://download.example\n")
    found = translated(BARE | {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")})
    assert found["UV_DEFAULT_INDEX"] == "https://download.example"


def test_what_uv_was_told_wins() -> None:
    told = {
        "UV_DEFAULT_INDEX": "https://uv.example",
        "UV_INDEX": "https://uv2.example",
        "SSL_CERT_FILE": "/uv.pem",
    }
    pips = {
        "PIP_INDEX_URL": "https://p.example",
        "PIP_EXTRA_INDEX_URL": "https://q.example",
        "PIP_CERT": "/pip.pem",
    }
    assert translated(NO_FILES | told | pips) == told
    assert (
        translated(NO_FILES | {"UV_INDEX_URL": "https://uv.example", "PIP_INDEX_URL": "https://p.example"})
        == {}
    )


def test_the_proxy_of_pip_is_not_used_for_this_machine_itself() -> None:
    found = translated(NO_FILES | {"PIP_PROXY": "me:pw@proxy.example:3128"})
    assert {v for k, v in found.items() if k.lower().endswith("s_proxy")} == {
        "http://me:pw@proxy.example:3128"
    }
    assert found["no_proxy"] == found["NO_PROXY"] == "localhost,127.0.0.1,::1"
    assert translated(NO_FILES | {"PIP_PROXY": "p:1", "https_proxy": "http://mine:2"}) == {
        "https_proxy": "http://mine:2"
    }


def test_no_index_makes_an_empty_index() -> None:
    found = translated(NO_FILES | {"PIP_NO_INDEX": "yes", "PIP_INDEX_URL": "https://p.example"})
    assert found == {
        "UV_DEFAULT_INDEX": "file:///nonexistent/no-index-is-set-for-pip",
        "GROUNDWORK_NO_INDEX": "1",
    }
    assert translated(NO_FILES | {"PIP_NO_INDEX": "0"}) == {}


def test_folders_that_are_not_there_are_left_out_and_the_tilde_means_home(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    found = translated(
        NO_FILES | {"HOME": str(tmp_path), "PIP_FIND_LINKS": "/nonexistent/x ~/wheels file:///nonexistent"}
    )
    assert found == {"UV_FIND_LINKS": f"{tmp_path}/wheels"}


def test_a_star_in_a_value_is_no_pattern() -> None:
    assert translated(NO_FILES | {"PIP_TRUSTED_HOST": "/*"}) == {"UV_INSECURE_HOST": "/*"}


def test_by_hand_passwords_are_hidden() -> None:
    env = NO_FILES | {
        "PIP_INDEX_URL": "https://me:s3cret@h.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://t0ken@x https://y",
    }
    said = subprocess.run(["sh", SCRIPT], env=env, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[:2] == [
        "export UV_DEFAULT_INDEX='https://***@h.example/simple'",
        "export UV_INDEX='https://***@x https://y'",
    ]
    assert (
        subprocess.run(["sh", SCRIPT, "--nonsense"], env=env, capture_output=True, check=False).returncode
        == 2
    )
    assert subprocess.run(["sh", SCRIPT, "--help"], env=env, capture_output=True, check=False).returncode == 0


# --- the same, seen from uv: a package that exists nowhere else is installed, and is not without ----------


def make_wheel(folder: Path) -> None:
    """A package `groundwork-test-probe` 1.0 with nothing in it."""
    folder.mkdir(exist_ok=True)
    info = "groundwork_test_probe-1.0.dist-info"
    members = {
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: groundwork-test-probe\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
    }
    with zipfile.ZipFile(folder / "groundwork_test_probe-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in members.items():
            wheel.writestr(name, text)


def install(uv: Path, tmp_path: Path, env: dict[str, str], *, with_translation: bool) -> bool:
    """Whether uv installs the probe; nothing is kept or cached."""
    target = Path(tempfile.mkdtemp(dir=tmp_path))
    prefix = ["sh", "-c", SOURCE, "sh"] if with_translation else []
    base = NO_FILES | {
        "HOME": str(tmp_path),
        "UV_HTTP_RETRIES": "0",
        "UV_NO_CACHE": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    command: list[str | Path] = [
        *prefix,
        uv,
        "pip",
        "install",
        "--python",
        BASE_PYTHON,
        "--target",
        target,
        "groundwork-test-probe",
    ]
    done = subprocess.run(command, env=base | env, capture_output=True, text=True, timeout=120)
    return done.returncode == 0 and (target / "groundwork_test_probe-1.0.dist-info").is_dir()


def tell_apart(uv: Path, tmp_path: Path, env: dict[str, str]) -> tuple[bool, bool]:
    without = env | {
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple"
    }  # a closed port: the default is out of reach
    return install(uv, tmp_path, without, with_translation=False), install(
        uv, tmp_path, env, with_translation=True
    )


@pytest.mark.index
@pytest.mark.parametrize("kind", ["index", "find-links", "file-index", "no-index"])
def test_uv_installs_from_where_pip_is_configured_to(kind: str, uv: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "files")
    page = tmp_path / "simple/groundwork-test-probe/index.html"
    page.parent.mkdir(parents=True)
    page.write_text('<a href="../../files/groundwork_test_probe-1.0-py3-none-any.whl">wheel</a>')
    with serve(tmp_path / "files") as index:
        env = {
            "index": {"PIP_INDEX_URL": index.simple},
            "find-links": {
                "PIP_FIND_LINKS": str(tmp_path / "files"),
                "UV_DEFAULT_INDEX": index.simple + "/none",
            },
            "file-index": {"PIP_INDEX_URL": f"file://{tmp_path}/simple"},
            "no-index": {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"file://{tmp_path}/files"},
        }[kind]
        assert tell_apart(uv, tmp_path, env) == (False, True)


def make_certificates(folder: Path) -> ssl.SSLContext:
    """A CA of our own (ca.pem) and a server context for 127.0.0.1 signed by it."""
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    ca = [*openssl, "-subj", "/CN=test ca", "-keyout", "ca.key", "-out", "ca.pem"]
    leaf = [
        *openssl,
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
    ]
    leaf += ["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "leaf.key", "-out", "leaf.pem"]
    for command in (ca, leaf):
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    return context


@pytest.mark.index
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on this machine")
def test_uv_trusts_the_ca_that_pip_is_told_to_trust(uv: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "files")
    with serve(tmp_path / "files", make_certificates(tmp_path)) as index:
        told = {"UV_DEFAULT_INDEX": index.simple, "PIP_CERT": str(tmp_path / "ca.pem")}
        assert not install(uv, tmp_path, told, with_translation=False)
        assert install(uv, tmp_path, told, with_translation=True)
        trusted = {"UV_DEFAULT_INDEX": index.simple, "PIP_TRUSTED_HOST": "127.0.0.1"}
        assert install(uv, tmp_path, trusted, with_translation=True)
