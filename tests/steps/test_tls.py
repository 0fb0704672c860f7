"""TLS: a certificate of this machine's own, or the person's; the password goes over no open line."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from bootstrap.lab import server as lab
from bootstrap.steps import server
from doctor.errors import Exit, Trouble
from doctor.goal import Goal
from doctor.lab.certificate import made_path
from tests.conftest import missing
from tests.lab_env import (
    a_machine,
    client,
    findings,
    look,
    make_goal,
    make_work,
    password_of,
    set_up,
)

pytestmark = [pytest.mark.target, pytest.mark.index]


@pytest.fixture(scope="module")
def root(target_python: str, uv: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("tls")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROUNDWORK_UV", uv)
        patch.setenv("UV_CACHE_DIR", _uv_cache())
        with a_machine(folder, target_python):
            yield folder


def _uv_cache() -> str:
    import os

    return os.environ.get("UV_CACHE_DIR") or str(Path("~/.cache/uv").expanduser())


@pytest.fixture
def goal(root: Path) -> Iterator[Goal]:
    made = make_goal(root, TLS="self-signed", IP="0.0.0.0")
    yield made
    lab.stop(made)


def own_pair(folder: Path, name: str = "lab.example") -> tuple[Path, Path]:
    """As a person makes one by hand."""
    if shutil.which("openssl") is None:
        missing("root", "no openssl; as root: apt-get install openssl")
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", f"/CN={name}"]
    subprocess.run(
        [*argv, "-keyout", str(key), "-out", str(certificate)], check=True, timeout=60, capture_output=True
    )
    return certificate, key


def test_self_signed_from_nothing_to_a_login_over_tls(goal: Goal) -> None:
    assert goal.tls and goal.tls.own
    assert "jupyter-tls-missing" in findings(goal)
    set_up(goal)
    server.run(make_work(goal))
    assert findings(goal) == {}
    seen = look(goal).certificate
    assert seen and seen.days_left is not None and 390 < seen.days_left < 398
    with client(goal, password_of(goal)) as owner, client(goal, "a-wrong-one") as stranger:
        assert owner.get("/api/contents").status_code == 200
        assert all(cookie.secure for cookie in owner.cookies.jar if cookie.name.startswith("username"))
        assert stranger.get("/api/contents").status_code == 403
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://localhost:{goal.port}/api", trust_env=False)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://localhost:{goal.port}/api", trust_env=False)
    for file in ("certificate.pem", "key.pem"):
        assert (Path(goal.tls.key).parent / file).stat().st_mode & 0o777 == 0o600
    assert not (Path(goal.home) / "cryptography").exists()


def test_its_names_are_this_machines(goal: Goal) -> None:
    set_up(goal)
    server.run(make_work(goal))
    assert goal.tls
    context = ssl.create_default_context(cafile=goal.tls.certificate)
    for name in ("localhost", "127.0.0.1", socket.gethostname()):
        with (
            socket.create_connection(("127.0.0.1", goal.port), 10) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            assert secure.version() in ("TLSv1.2", "TLSv1.3")


def test_one_that_ends_soon_is_made_anew_and_served(goal: Goal) -> None:
    set_up(goal)
    server.run(make_work(goal))
    before = look(goal).certificate
    made = msgspec.json.decode(made_path(goal).read_bytes())
    made_path(goal).write_bytes(msgspec.json.encode({**made, "ends_at": made["ends_at"] - 380 * 86400}))
    assert set(findings(goal)) == {"jupyter-tls-ends-soon"}
    set_up(goal)
    after = look(goal).certificate
    assert before and after and before.fingerprint != after.fingerprint
    assert set(findings(goal)) == {"jupyter-server-other-settings"}, "a server reads its certificate once"
    server.run(make_work(goal))
    assert findings(goal) == {}
    with client(goal, password_of(goal)) as owner:
        assert owner.get("/api/contents").status_code == 200


def test_a_changed_certificate_is_not_taken_for_ours(goal: Goal, tmp_path: Path) -> None:
    set_up(goal)
    assert goal.tls
    certificate, key = own_pair(tmp_path)
    shutil.copy(certificate, goal.tls.certificate)
    assert "jupyter-tls-missing" in findings(goal)
    shutil.copy(key, goal.tls.key)
    assert "jupyter-tls-missing" in findings(goal)
    set_up(goal)
    assert "jupyter-tls-missing" not in findings(goal)


def test_the_persons_own_pair(root: Path, tmp_path: Path) -> None:
    certificate, key = own_pair(tmp_path)
    goal = make_goal(root, TLS=f"{certificate},{key}")
    set_up(goal)
    try:
        server.run(
            make_work(goal)
        )  # its kernel is proven over that line, whatever name is in the certificate
        assert findings(goal) == {}
        key.unlink()
        assert findings(goal)["jupyter-tls-unfit"].remedy.step is None
    finally:
        lab.stop(goal)


def test_back_to_plain(root: Path, goal: Goal) -> None:
    set_up(goal)
    server.run(make_work(goal))
    plain = make_goal(root, TLS="off")
    assert "jupyter-config-differs" in findings(plain)
    set_up(plain)
    server.run(make_work(plain))
    with client(plain, password_of(plain)) as owner:
        assert owner.get("/api/contents").status_code == 200


@pytest.mark.parametrize("value", ["on", "a.pem", "a.pem,", "/none.pem,/none.key"])
def test_what_is_no_certificate_is_refused(root: Path, value: str) -> None:
    with pytest.raises(Trouble) as refused:
        make_goal(root, TLS=value)
    assert refused.value.code == Exit.USAGE and value in refused.value.message.en


def test_a_key_of_another_certificate_is_refused(root: Path, tmp_path: Path) -> None:
    certificate, _ = own_pair(tmp_path, "one.example")
    _, other = own_pair(tmp_path, "two.example")
    with pytest.raises(Trouble, match="is the key of another certificate"):
        make_goal(root, TLS=f"{certificate},{other}")
