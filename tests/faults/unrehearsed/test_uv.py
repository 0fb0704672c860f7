"""What uv refuses, and what leaves it without packages: each beside the pinned uv itself."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from doctor.near import one_slip
from doctor.probes.installers.uv_files import NAMES
from doctor.probes.installers.uv_variables import BOOLEANS, OF_OTHERS, WEIGHTY
from doctor.reading.tomlfile import load_table
from tests.conftest import missing
from tests.faults.gpu.world import World
from tests.faults.patient import diagnose
from tests.faults.unrehearsed.look import look
from tests.faults.unrehearsed.test_pip_and_uv import uv_says, write

GONE = "/nowhere/bin/python"


def uv_with(uv: str, home: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What uv does with variables; no index is asked."""
    return subprocess.run(
        [uv, *args], env={"HOME": str(home), **more}, cwd=home, capture_output=True, text=True, check=False
    )


# --- its files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('offline = "true"\n', 'offline = "true" → true / false'),
        ("index-url = 5\n", "index-url = 5"),
        ('extra-index-url = "https://a.example/simple"\n', "extra-index-url"),
        ('index = "https://a.example/simple"\n', "[[index]]"),
        ('[index]\nurl = "https://a.example/simple"\n', "[[index]]"),
        ('index-strategy = "best"\n', 'index-strategy = "best"'),
        ('link-mode = "link"\n', 'link-mode = "link"'),
        ('torch-backend = "cuda"\n', 'torch-backend = "cuda"'),
        ('exclude-newer = "last week"\n', 'exclude-newer = "last week"'),
        ("concurrent-downloads = 0\n", "concurrent-downloads = 0"),
        ('concurrent-downloads = "4"\n', "concurrent-downloads"),
        ('prerelease = "yes"\n', "prerelease"),
        ('allow-insecure-host = "a.example"\n', "allow-insecure-host"),
        ('[pip]\nsystem = "yes"\n', "pip.system"),
        ('[pip]\nno-binary = ":all:"\n', "pip.no-binary"),
        ("system = true\n", "system → [pip] system"),
        ("managed = true\n", "managed → pyproject.toml"),
        ("[tool.uv]\noffline = true\n", "tool"),
        ('cert = "/etc/ssl/ca.pem"\n', "cert → SSL_CERT_FILE"),
    ],
)
def test_a_value_that_stops_uv(
    person: dict[str, str], home: Path, tmp_path: Path, uv: str, text: str, said: str
) -> None:
    write(home / ".config/uv/uv.toml", text)
    assert uv_says(uv, home, tmp_path).returncode == 2
    seen = look(person)
    assert seen.complaints == ["uv-config-unreadable"]
    assert said in seen.of("uv-config-unreadable")["evidence"]


@pytest.mark.parametrize(
    "text",
    [
        'exclude-newer = "7 days"\nindex-strategy = "unsafe-any-match"\nlink-mode = "reflink"\n',
        'torch-backend = "cu128"\nno-binary = true\nconcurrent-downloads = 4\npython-downloads = "automatic"\n',
        '[[index]]\nname = "mine"\nurl = "https://a.example/simple"\n[pip]\nno-binary = ["torch"]\n',
        'required-version = ">=0.1"\npreview-features = ["pylock"]\ncache-dir = "~/elsewhere"\n',
    ],
)
def test_values_in_good_health(
    person: dict[str, str], home: Path, tmp_path: Path, uv: str, text: str
) -> None:
    write(home / ".config/uv/uv.toml", text)
    assert (uv_says(uv, home, tmp_path).returncode, look(person).complaints) == (0, [])


def test_a_value_for_which_uv_passes_over_a_project(person: dict[str, str], home: Path, uv: str) -> None:
    write(
        home / "pyproject.toml", '[project]\nname = "lecture"\nversion = "1"\n[tool.uv]\noffline = "true"\n'
    )
    assert "expected a boolean" in uv_says(uv, home, home).stderr
    assert look(person).complaints == ["uv-project-settings-ignored"]


@pytest.mark.parametrize("table", ["settings", "pip"])
def test_the_kinds_are_those_that_the_pinned_uv_wants(
    home: Path, tmp_path: Path, uv: str, table: str
) -> None:
    """uv says of each name what it expected in place of a table, or of a number."""
    said = {"booleans": "a boolean", "lists": "a sequence", "counts": "a nonzero usize"}
    names, head = load_table(NAMES, tuple[str, ...]), "[pip]\n" if table == "pip" else ""
    for kind, wanted in said.items():
        for name in set(names[kind]) & set(names[table]):
            write(home / ".config/uv/uv.toml", f"{head}{name} = {{ zz = 1 }}\n")
            assert f"expected {wanted}" in uv_says(uv, home, tmp_path).stderr, name
    for name in set(names["texts"]) & set(names[table]):
        write(home / ".config/uv/uv.toml", f"{head}{name} = 5\n")
        assert re.search("string", uv_says(uv, home, tmp_path).stderr), name
    for name in names["project"] if table == "settings" else ():
        write(home / ".config/uv/uv.toml", f"{name} = 5\n")
        assert "not allowed in a `uv.toml`" in uv_says(uv, home, tmp_path).stderr, name


# --- its variables -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_OFFLINE", "maybe"),
        ("UV_NATIVE_TLS", "2"),
        ("UV_SYSTEM_CERTS", "system"),
        ("UV_INDEX_STRATEGY", "best"),
        ("UV_TORCH_BACKEND", "cuda"),
        ("UV_EXCLUDE_NEWER", "31.01.2026"),
        ("UV_PRERELEASE", "yes"),
        ("UV_PYTHON_DOWNLOADS", "no"),
        ("UV_PYTHON_PREFERENCE", "mine"),
        ("UV_PYTHON", GONE),
    ],
)
def test_a_variable_that_stops_uv(person: dict[str, str], home: Path, uv: str, name: str, value: str) -> None:
    write(home / "requirements.txt", "")
    install = ("pip", "install", "--dry-run", "-r", "requirements.txt")
    assert uv_with(uv, home, *install, **{name: value, "VIRTUAL_ENV": person["TARGET"]}).returncode in (1, 2)
    assert look(person, **{name: value}).complaints == ["uv-setting-stops-installs"]


def test_values_that_uv_takes(person: dict[str, str], home: Path, uv: str) -> None:
    fine = {
        "UV_SYSTEM_CERTS": "Yes", "UV_INDEX_STRATEGY": "unsafe-any-match", "UV_LINK_MODE": "reflink",
        "UV_TORCH_BACKEND": "cu128", "UV_EXCLUDE_NEWER": "7 days", "UV_PYTHON_DOWNLOADS": "true",
        "UV_PYTHON": f"{person['TARGET']}/bin/python", "UV_CACHE_DIR": str(home / "cache/of/mine"),
    }  # fmt: skip
    write(home / "requirements.txt", "")
    install = ("pip", "install", "--dry-run", "-r", "requirements.txt")
    assert uv_with(uv, home, *install, **fine).returncode == 0
    assert look(person, **fine).complaints == []


def test_each_of_the_booleans_is_one(home: Path, uv: str, empty_env: Path) -> None:
    for name in BOOLEANS:
        write(home / "requirements.txt", "")
        install = ("pip", "install", "--dry-run", "-r", "requirements.txt")
        said = uv_with(uv, home, *install, **{name: "maybe", "VIRTUAL_ENV": str(empty_env)})
        assert said.returncode == 2 and "bool" in said.stderr, name


@pytest.mark.parametrize("place", ["variable", "file", "usual"])
def test_a_cache_that_cannot_be_written(person: dict[str, str], home: Path, uv: str, place: str) -> None:
    """A file stands where the folder would be: also root cannot write there."""
    write(home / ".cache/uv" if place == "usual" else home / "taken", "")
    more = {"UV_CACHE_DIR": str(home / "taken/uv")} if place == "variable" else {}
    if place == "file":
        write(home / ".config/uv/uv.toml", f'cache-dir = "{home}/taken/uv"\n')
    assert "Failed to initialize cache" in uv_with(uv, home, "pip", "list", **more).stderr
    assert look(person, **more).complaints == ["uv-cache-not-writable"]
    assert "Failed to init" not in uv_with(uv, home, "pip", "list", UV_NO_CACHE="1", **more).stderr
    assert look(person, **more, UV_NO_CACHE="1").complaints == []


def test_a_switch_that_was_left_on(person: dict[str, str], home: Path, uv: str, empty_env: Path) -> None:
    install = ("pip", "install", "--dry-run", "six")
    said = uv_with(uv, home, *install, UV_OFFLINE="1", VIRTUAL_ENV=str(empty_env))
    assert "the network was disabled" in said.stderr
    assert look(person, UV_OFFLINE="1").complaints == ["uv-offline-left-on"]
    assert look(person, UV_OFFLINE="0").complaints == []
    for text in ("offline = true\n", "no-index = true\n", "[pip]\nno-index = true\n"):
        write(home / ".config/uv/uv.toml", text)
        assert look(person).complaints == ["uv-offline-left-on"], text
    write(home / ".config/uv/uv.toml", 'no-index = true\nfind-links = ["/usr"]\n')
    assert look(person).complaints == []


@pytest.mark.parametrize("name", ["UV_SYSTEM_CERTS", "UV_NATIVE_TLS"])
def test_the_machines_certificates_where_there_are_none(
    person: dict[str, str], home: Path, tmp_path: Path, uv: str, empty_env: Path, name: str
) -> None:
    if os.geteuid() != 0:
        missing("root", "an image without certificates needs root to be made")
    bare = ("unshare", "-m", "sh", "-c", f'mount --bind {tmp_path}/none /etc/ssl && exec "$@"', "-")
    (tmp_path / "none").mkdir()
    argv = [*bare, uv, "pip", "install", "--dry-run", "--index-url", "https://127.0.0.1:1/simple", "demo"]
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "VIRTUAL_ENV": str(empty_env), name: "1"}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert "No CA certificates were loaded from the system" in done.stderr
    person = {**person, "PIP_CONFIG_FILE": "/dev/null"}  # the machine's pip.conf may name what is gone now
    said = diagnose({**person, name: "1"}, "--area", "network", prefix=bare)
    assert said.failed == ["system-certificates-missing"] == said.complaints
    assert said.of("uv-system-certs-missing")["severity"] == "blocked"
    plain = diagnose(person, "--area", "network", prefix=bare)  # uv brings its own along
    assert plain.complaints == ["system-certificates-missing"] and plain.failed == []
    assert look(person, **{name: "1"}).complaints == []


def test_releases_of_long_ago(person: dict[str, str], home: Path) -> None:
    assert look(person, UV_EXCLUDE_NEWER="2015-01-01").complaints == ["uv-sees-old-releases"]
    write(home / ".config/uv/uv.toml", 'exclude-newer = "2015-01-01T00:00:00Z"\n')
    assert look(person).complaints == ["uv-sees-old-releases"]
    assert look(person, UV_EXCLUDE_NEWER="30 days").complaints == []  # it wins over the file


def test_a_build_without_cuda_is_right_without_a_gpu(person: dict[str, str]) -> None:
    assert look(person, UV_TORCH_BACKEND="cpu").complaints == []


def test_a_build_without_cuda_beside_a_gpu(t4: World) -> None:
    said = t4.diagnose(areas="gpu,network", UV_TORCH_BACKEND="cpu")
    assert said.complaints == ["uv-torch-pinned-to-cpu"]
    assert t4.diagnose(areas="gpu,network", UV_TORCH_BACKEND="auto").complaints == []


def test_names_that_uv_does_not_read(person: dict[str, str], uv: str) -> None:
    content = Path(uv).read_bytes()
    assert not [name for name in OF_OTHERS if name.encode() in content]
    for name in ("UV_DEFAULT_INDX", "UV_OFLINE", "UV_EXTRA_INDEX_URLS"):
        assert name.encode() not in content
        assert look(person, **{name: "1"}).complaints == ["uv-variable-without-effect"], name
    said = look(person, UV_NO_INDEX="1", UV_TRUSTED_HOST="a.example")
    assert said.complaints == [] and said.of("uv-variable-without-effect")["severity"] == "info"


def test_names_that_uv_reads_are_not_taken_for_slips(home: Path, uv: str) -> None:
    pages = [
        uv_with(uv, home, "help", "--no-pager", *words).stdout for words in ((), ("pip", "install"), ("run",))
    ]
    known = set(re.findall(r"\[env: (UV_\w+)=", "".join(pages)))
    assert len(known) > 30
    assert not [
        name for name in known if name in OF_OTHERS or (name not in WEIGHTY and one_slip(name, WEIGHTY))
    ]
