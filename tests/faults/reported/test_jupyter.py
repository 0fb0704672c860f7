"""A person's JupyterLab as people have reported it: certificates, addresses, folders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.probes.disk.mounts import MountPoint
from doctor.probes.jupyter.files.stores import loose_modes
from doctor.texts.search import by_text
from tests.conftest import missing
from tests.faults.dists import install
from tests.faults.patient import diagnose
from tests.faults.reported.etc import own_etc

AREAS = "packages,jupyter"


@pytest.fixture
def jupyter(home: Path) -> Path:
    folder = home / ".jupyter"
    folder.mkdir()
    return folder


def certificate(folder: Path, name: str, *more: str) -> tuple[Path, Path]:
    """A certificate and its key, made by OpenSSL."""
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    ask: list[str | Path] = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-keyout",
        key,
        "-out",
        pem,
        "-days",
        "9",
        "-subj",
        "/CN=x",
    ]
    subprocess.run([*ask, *(more or ("-nodes",))], check=True, capture_output=True, timeout=60)
    return pem, key


# --- certificates ---------------------------------------------------------------------------------------


def test_the_key_is_named_as_client_ca(person: dict[str, str], jupyter: Path, tmp_path: Path) -> None:
    """https://github.com/jupyter/notebook/issues/5518: ssl.SSLError in load_cert_chain."""
    install(Path(person["TARGET"]), "notebook", "6.0.3")
    pem, key = certificate(tmp_path, "mycert")
    config = jupyter / "jupyter_notebook_config.py"
    config.write_text(f"c.NotebookApp.certfile = {str(pem)!r}\nc.NotebookApp.client_ca = {str(key)!r}\n")
    said = diagnose(person, "--area", AREAS)
    assert said.failed == ["jupyter-key-as-client-ca"]
    for command in said.of("jupyter-key-as-client-ca")["remedy"]["commands"]:
        subprocess.run(command, check=True, timeout=30)
    assert diagnose(person, "--area", AREAS).failed == []


def test_client_ca_that_is_meant(person: dict[str, str], jupyter: Path, tmp_path: Path) -> None:
    pem, key = certificate(tmp_path, "mycert")
    authority, _ = certificate(tmp_path, "authority")
    (jupyter / "jupyter_server_config.py").write_text(
        f"c.ServerApp.certfile = {str(pem)!r}\nc.ServerApp.keyfile = {str(key)!r}\nc.ServerApp.client_ca = {str(authority)!r}\n"
    )
    assert diagnose(person, "--area", AREAS).failed == []


def test_what_is_wrong_with_a_pair_is_said(person: dict[str, str], jupyter: Path, tmp_path: Path) -> None:
    pem, key = certificate(tmp_path, "one")
    _, other = certificate(tmp_path, "other")
    _, locked = certificate(tmp_path, "locked", "-passout", "pass:secret")
    der = tmp_path / "one.der"
    subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER", "-out", der], check=True, timeout=30)
    for cert, its_key, word in (
        (key, pem, "swapped"),
        (pem, other, "another certificate"),
        (pem, locked, "password"),
        (der, key, "DER"),
        (pem, pem, "no private key"),
        (pem, None, "without its key"),
    ):
        lines = f"c.ServerApp.certfile = {str(cert)!r}\n" + (
            f"c.ServerApp.keyfile = {str(its_key)!r}\n" if its_key else ""
        )
        (jupyter / "jupyter_server_config.py").write_text(lines)
        said = diagnose(person, "--area", AREAS)
        assert said.failed == ["jupyter-certificate-unfit"]
        evidence = said.of("jupyter-certificate-unfit")["evidence"]
        assert word in str(evidence) or (word == "no private key" and "without its key" in str(evidence))


# --- addresses ------------------------------------------------------------------------------------------

NO_IPV6 = [
    "unshare",
    "-n",
    "sh",
    "-ec",
    'ip link set lo up\necho 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 2>/dev/null || true\nexec "$@"',
    "sh",
]
BOTH = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"


def hosts(folder: Path, text: str) -> list[str]:
    return [*own_etc(folder, {"hosts": text}), *NO_IPV6]


def binds(prefix: list[str]) -> bool:
    """Whether a program that takes localhost's first address can listen there."""
    code = "import socket; a = socket.getaddrinfo('localhost', 0, type=socket.SOCK_STREAM)[0]; socket.socket(a[0]).bind(a[4][:2])"
    return (
        subprocess.run(
            [*prefix, sys.executable, "-c", code], capture_output=True, check=False, timeout=30
        ).returncode
        == 0
    )


@pytest.mark.parametrize(
    ("text", "tornado", "failed"),
    [
        (f"::1 localhost\n{BOTH}", "6.0.4", ["jupyter-localhost-not-here"]),
        (f"::1 localhost\n{BOTH}", "6.5.1", []),
        ("::1 localhost\n127.0.1.1 box\n", "6.5.1", ["jupyter-localhost-not-here"]),
        ("192.0.2.7 localhost\n", "6.5.1", ["jupyter-localhost-not-here"]),
        ("127.0.0.1 localhost\n", "6.0.4", []),
        ("127.0.0.1 box\n", "6.0.4", []),
    ],
)
def test_what_localhost_means(
    person: dict[str, str], tmp_path: Path, jupyter: Path, text: str, tornado: str, failed: list[str]
) -> None:
    """https://github.com/jupyter/notebook/issues/4901: Errno 99, Cannot assign requested address."""
    install(Path(person["TARGET"]), "tornado", tornado)
    said = diagnose(person, "--area", AREAS, prefix=hosts(tmp_path, text))
    assert said.failed == failed


def test_a_modern_container_is_left_in_peace(person: dict[str, str], tmp_path: Path, jupyter: Path) -> None:
    """Docker writes both lines and gives no IPv6."""
    install(Path(person["TARGET"]), "tornado", "6.5.1")
    assert diagnose(person, "--area", AREAS, prefix=hosts(tmp_path, BOTH)).failed == []


# --- folders --------------------------------------------------------------------------------------------

# A file system that passes all on to a folder, but for what the first argument says: locks, or modes.
PASSING = Path(__file__).with_name("passing.py")


def mounted(kind: str, folder: Path, under: Path, flaw: str) -> list[str]:
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        missing("root", "a file system of one's own needs root and /dev/fuse")
    return ["unshare", "-m", sys.executable, str(PASSING), kind, str(under), str(folder), flaw]


def test_databases_where_no_lock_is_given(person: dict[str, str], home: Path, tmp_path: Path) -> None:
    """https://github.com/jupyter/help/issues/150: sqlite3.OperationalError: database is locked."""
    folder, under = home / ".local/share/jupyter", tmp_path / "under"
    for place in (folder, under):
        place.mkdir(parents=True)
    (under / "nbsignatures.db").write_bytes(b"SQLite format 3\0")
    said = diagnose(person, "--area", "jupyter", prefix=mounted("fuse.sshfs", folder, under, "locks"))
    assert said.of("jupyter-database-network-fs")["severity"] == "warn"
    assert "nbsignatures.db" in str(said.of("jupyter-database-network-fs")["evidence"])
    said = diagnose(person, "--area", "jupyter", prefix=mounted("fuse.sshfs", folder, under, "-"))
    assert said.of("jupyter-database-network-fs")["severity"] == "info"
    (home / ".jupyter").mkdir()
    (home / ".jupyter/jupyter_server_config.py").write_text("c.NotebookNotary.db_file = ':memory:'\n")
    said = diagnose(person, "--area", "jupyter", prefix=mounted("fuse.sshfs", folder, under, "locks"))
    assert "jupyter-database-network-fs" not in [one["id"] for one in said.findings]


def test_databases_on_a_disk_of_this_machine(person: dict[str, str], home: Path) -> None:
    folder = home / ".local/share/jupyter"
    folder.mkdir(parents=True)
    (folder / "nbsignatures.db").write_bytes(b"SQLite format 3\0")
    assert diagnose(person, "--area", "jupyter").findings == ()


def test_a_runtime_folder_that_keeps_no_modes(person: dict[str, str], home: Path, tmp_path: Path) -> None:
    """https://github.com/jupyter/notebook/issues/5536: Permissions assignment failed for secure file."""
    folder, under = home / ".local/share/jupyter/runtime", tmp_path / "under"
    for place in (folder, under):
        place.mkdir(parents=True)
    (under / "kernel-1234.json").write_text("{}")
    (under / "kernel-1234.json").chmod(0o600)
    said = diagnose(person, "--area", "jupyter", prefix=mounted("fuse.rclone", folder, under, "modes"))
    assert said.failed == ["jupyter-runtime-dir-modes"]
    assert "677" in str(said.of("jupyter-runtime-dir-modes")["evidence"])
    assert (
        diagnose(person, "--area", "jupyter", prefix=mounted("fuse.sshfs", folder, under, "-")).failed == []
    )
    allowed = {**person, "JUPYTER_ALLOW_INSECURE_WRITES": "true"}
    assert (
        diagnose(allowed, "--area", "jupyter", prefix=mounted("fuse.rclone", folder, under, "modes")).failed
        == []
    )


@pytest.mark.parametrize(
    ("filesystem", "options", "mode", "loose"),
    [
        ("cifs", "//server/share rw,uid=1000,file_mode=0755,dir_mode=0755", None, 0o755),
        ("cifs", "//server/share rw,uid=1000,file_mode=0600,dir_mode=0700", None, None),
        ("9p", "C: rw,aname=drvfs;path=C:\\;uid=1000;gid=1000;symlinkroot=/mnt/", 0o777, 0o777),
        ("9p", "C: rw,aname=drvfs;path=C:\\;uid=1000;gid=1000;metadata;symlinkroot=/mnt/", 0o777, None),
        ("9p", "sandbox rw,trans=virtio", 0o644, 0o644),
        ("vfat", "/dev/sdb1 rw,fmask=0022,dmask=0022", None, 0o755),
        ("drvfs", "C: rw", 0o700, None),
        ("ext4", "/dev/sda1 rw", 0o644, None),
    ],
)
def test_mounts_by_the_kernels_table(
    tmp_path: Path, filesystem: str, options: str, mode: int | None, loose: int | None
) -> None:
    """Shares of Windows cannot be mounted here: what the kernel's table would say of them."""
    if mode is not None:
        (tmp_path / "kernel-1.json").write_text("{}")
        (tmp_path / "kernel-1.json").chmod(mode)
    said = loose_modes(tmp_path, (MountPoint("/", filesystem, options),))
    assert (said.mode if said else None) == loose


# --- what people paste ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("OSError: [Errno 99] Cannot assign requested address", "jupyter-address-not-here"),
        (
            'File "tornado/netutil.py", line 596, in ssl_options_to_context\n    context.load_cert_chain(ssl_options["certfile"], None)\nssl.SSLError: [SSL] PEM lib (_ssl.c:3824)',
            "jupyter-key-as-client-ca",
        ),
        ("sqlite3.OperationalError: database is locked", "jupyter-database-network-fs"),
        (
            "RuntimeError: Permissions assignment failed for secure file: '/mnt/c/u/runtime/kernel-1.json'. Got '0o677' instead of '0o0600'.",
            "jupyter-runtime-dir-modes",
        ),
    ],
)
def test_the_text(text: str, name: str) -> None:
    assert name in [match.id for match in by_text(text)][:2]
