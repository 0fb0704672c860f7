"""A person's Jupyter, really broken: each time the doctor names that, and nothing else."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.lab import Running, jupyterlab, refused
from tests.faults.patient import Diagnosis, bare_environ, diagnose
from tests.faults.person import diagnose_as_nobody, hand_over, home_of_nobody, need_another_user
from tests.lab_env import free_port

pytestmark = pytest.mark.target
HASH = "argon2:$argon2id$v=19$m=10240,t=10,p=8$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"
AREAS = ("--area", "packages,jupyter")


@pytest.fixture
def person(target_python: str, home: Path, environ: dict[str, str]) -> dict[str, str]:
    """A person with a whole environment and an empty home."""
    (home / ".jupyter").mkdir()
    return {**environ, "TARGET": str(Path(target_python).parent.parent)}


def look(person: dict[str, str], *, prefix: Sequence[str] = ()) -> Diagnosis:
    return diagnose(person, *AREAS, prefix=prefix)


def configure(person: dict[str, str], name: str, text: str) -> Path:
    path = Path(person["HOME"]) / ".jupyter" / name
    path.write_text(text)
    return path


def add_kernel(person: dict[str, str], name: str, spec: object) -> Path:
    folder = Path(person["HOME"]) / ".local/share/jupyter/kernels" / name
    folder.mkdir(parents=True)
    text = spec if isinstance(spec, str) else json.dumps(spec)
    (folder / "kernel.json").write_text(text)
    return folder / "kernel.json"


def spec_of(python: str | Path, title: str = "Python") -> dict[str, object]:
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return {"argv": argv, "display_name": title, "language": "python"}


def need_root() -> None:
    if os.geteuid() != 0:
        missing("root", "namespaces and other users need root")


# --- configuration -----------------------------------------------------------------------------------------------


def test_a_whole_configuration_is_left_in_peace(person: dict[str, str], home: Path) -> None:
    (home / "work").mkdir()
    configure(
        person,
        "jupyter_server_config.py",
        "import os\nc = get_config()  # noqa\nif True:\n    c.ServerApp.open_browser = False\n"
        f"c.ServerApp.ip = '0.0.0.0'\nc.ServerApp.port = {free_port()}\nc.ServerApp.allow_root = True\n"
        f"c.ServerApp.root_dir = os.path.join('{home}', 'work')\n# c.ServerApp.password = 'x'\n",
    )
    configure(
        person,
        "jupyter_server_config.json",
        json.dumps({"PasswordIdentityProvider": {"hashed_password": HASH}}),
    )
    configure(
        person, "jupyter_notebook_config.json", json.dumps({"NotebookApp": {"nbserver_extensions": {}}})
    )
    assert look(person).complaints == []


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("jupyter_server_config.json", '{"ServerApp": {"port": 9999,}}', "line 1"),
        (
            "jupyter_server_config.py",
            "c.ServerApp.open_browser = False\nc.ServerApp.port = (9999\n",
            "line 2",
        ),
        (
            "jupyter_lab_config.py",
            "c.ServerApp.open_browser = False\nc.ServerApp.ip = localhost\n",
            "localhost",
        ),
    ],
)
def test_a_configuration_that_cannot_be_read(person: dict[str, str], name: str, text: str, line: str) -> None:
    path = configure(person, name, text)
    said = look(person)
    assert said.failed == ["jupyter-config-broken"]
    evidence = said.of("jupyter-config-broken")["evidence"]
    assert str(path) in str(evidence) and line in str(evidence)


def test_a_forgotten_json_wins_over_the_edited_file(person: dict[str, str]) -> None:
    configure(
        person,
        "jupyter_server_config.json",
        json.dumps({"ServerApp": {"port": free_port(), "allow_root": True}}),
    )
    path = configure(person, "jupyter_server_config.py", f"c.ServerApp.port = {free_port()}\n")
    said = look(person)
    assert said.failed == ["jupyter-config-precedence-conflict"]
    path.write_text("c.ServerApp.open_browser = False\n")
    assert look(person).complaints == []


def test_the_file_of_the_classic_notebook_is_not_read(person: dict[str, str]) -> None:
    configure(
        person, "jupyter_notebook_config.py", "c.NotebookApp.ip = '0.0.0.0'\nc.NotebookApp.port = 9999\n"
    )
    assert look(person).failed == ["jupyter-notebook-config-ignored"]


@pytest.mark.parametrize("setting", ["ServerApp.password", "PasswordIdentityProvider.hashed_password"])
def test_a_plain_password_where_a_hash_belongs(person: dict[str, str], setting: str) -> None:
    configure(person, "jupyter_server_config.py", f"c.{setting} = 'correct-horse-battery'\n")
    said = look(person)
    assert said.failed == ["jupyter-plain-text-password"]
    assert "correct-horse" not in json.dumps(said.findings)
    configure(person, "jupyter_server_config.py", f"c.{setting} = '{HASH}'\n")
    assert look(person).complaints == []


def test_a_port_in_quotes_keeps_the_server_from_starting(person: dict[str, str], target_python: str) -> None:
    configure(person, "jupyter_server_config.py", f"c.ServerApp.port = '{free_port()}'\n")
    assert "Bad config encountered" in refused(target_python, person, "--allow-root")
    assert look(person).failed == ["jupyter-config-wrong-value"]


def test_an_address_of_another_machine(person: dict[str, str], target_python: str) -> None:
    configure(
        person, "jupyter_server_config.py", "c.ServerApp.ip = '203.0.113.77'\nc.ServerApp.allow_root = True\n"
    )
    refused(target_python, person)
    assert look(person).failed == ["jupyter-address-not-here"]


def test_a_certificate_that_is_gone(person: dict[str, str], home: Path) -> None:
    configure(person, "jupyter_server_config.py", f"c.ServerApp.certfile = '{home}/cert.pem'\n")
    assert look(person).failed == ["jupyter-certificate-missing"]
    (home / "cert.pem").touch()
    assert look(person).failed == ["jupyter-certificate-unfit"]  # there, and empty


def test_a_folder_of_notebooks_that_is_gone(person: dict[str, str], home: Path, target_python: str) -> None:
    configure(person, "jupyter_server_config.py", f"c.ServerApp.root_dir = '{home}/work'\n")
    assert "No such directory" in refused(target_python, person, "--allow-root")
    assert look(person).failed == ["jupyter-root-dir-missing"]


def test_root_is_refused(person: dict[str, str], target_python: str) -> None:
    need_root()
    assert "Running as root" in refused(target_python, person)
    assert look(person).failed == ["jupyter-root-refused"]
    configure(person, "jupyter_server_config.py", "c.ServerApp.allow_root = True\n")
    assert look(person).complaints == []


def test_the_interface_is_switched_off(person: dict[str, str], target_python: str) -> None:
    off = {"ServerApp": {"jpserver_extensions": {"jupyterlab": False}, "allow_root": True}}
    configure(person, "jupyter_server_config.json", json.dumps(off))
    assert look(person).failed == ["jupyter-lab-switched-off"]


def test_a_startup_file_with_an_error(person: dict[str, str], home: Path) -> None:
    folder = home / ".ipython/profile_default/startup"
    folder.mkdir(parents=True)
    (folder / "00-hf.py").write_text("import os\nos.environ['HF_HOME' = '/data'\n")
    said = look(person)
    assert said.complaints == ["ipython-startup-broken"]
    assert "00-hf.py:2" in str(said.of("ipython-startup-broken")["evidence"])


def test_misspelt_and_misplaced(person: dict[str, str], home: Path) -> None:
    configure(person, "jupyter_server_config.py", "c.ServerApp.allow_rooot = True\n")
    said = look({**person, "JUPYTER_CONFIG_DIR": str(home / "elsewhere")})
    assert said.complaints == ["jupyter-config-dir-elsewhere"]
    assert look(person).complaints == ["jupyter-config-misspelt"]


# --- kernels -----------------------------------------------------------------------------------------------------


def test_kernels_of_several_environments_are_fine(
    person: dict[str, str], target_python: str, empty_env: Path
) -> None:
    next(empty_env.glob("lib/python3*/site-packages")).joinpath("ipykernel").mkdir()
    add_kernel(person, "plain", spec_of(empty_env / "bin/python", "Python (statistics)"))
    add_kernel(person, "hf", spec_of(target_python))
    add_kernel(person, "bare", spec_of("python3"))
    add_kernel(person, "bash", {"argv": ["bash"], "display_name": "Bash", "language": "bash"})
    assert look(person).complaints == []


def test_a_kernel_of_an_environment_that_is_gone(person: dict[str, str], home: Path) -> None:
    path = add_kernel(person, "old", spec_of(home / "miniconda3/envs/old/bin/python"))
    said = look(person)
    assert said.failed == ["jupyter-stale-kernelspec"]
    assert ["jupyter", "kernelspec", "remove", "old"] in said.of("jupyter-stale-kernelspec")["remedy"][
        "commands"
    ]
    shutil.rmtree(path.parent)
    assert look(person).complaints == []


def test_a_kernel_json_that_was_cut_short(person: dict[str, str]) -> None:
    add_kernel(person, "hf", '{"argv": ["python", "-m"')
    assert look(person).failed == ["jupyter-kernelspec-broken"]


def test_a_kernel_without_ipykernel(person: dict[str, str], empty_env: Path) -> None:
    add_kernel(person, "mine", spec_of(empty_env / "bin/python"))
    assert look(person).failed == ["jupyter-kernel-without-ipykernel"]


@pytest.mark.parametrize("named", [True, False], ids=["by its name", "by default"])
def test_the_kernel_is_another_python(person: dict[str, str], empty_env: Path, named: bool) -> None:
    next(empty_env.glob("lib/python3*/site-packages")).joinpath("ipykernel").mkdir()
    name = Path(person["TARGET"]).name if named else "python3"
    add_kernel(person, name, spec_of(empty_env / "bin/python", "Python 3"))
    # Without it the environment's own kernel comes first, and all is well.
    first = {} if named else {"JUPYTER_PREFER_ENV_PATH": "0"}
    said = look({**person, **first})
    assert said.failed == ["jupyter-kernel-is-another-python"]
    if not named:
        assert look(person).complaints == []


# --- folders -----------------------------------------------------------------------------------------------------


@pytest.fixture
def nobody() -> Iterator[Path]:
    """The home of a person without rights, where others may walk to it."""
    need_another_user()
    with home_of_nobody() as home:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "env"], check=True)
        (home / ".local/share/jupyter/runtime").mkdir(parents=True)
        hand_over(home)
        yield home


def test_a_runtime_folder_that_belongs_to_root(nobody: Path) -> None:
    """As after `sudo jupyter lab`: the home is the person's, the folder in it is not."""
    person = {**bare_environ(nobody), "TARGET": str(nobody / "env")}
    assert diagnose_as_nobody(person, "--area", "jupyter").complaints == []
    os.chown(nobody / ".local/share/jupyter/runtime", 0, 0)
    assert diagnose_as_nobody(person, "--area", "jupyter").failed == ["jupyter-runtime-dir-permission"]


def test_a_full_disk_under_the_notebooks(person: dict[str, str], home: Path) -> None:
    need_root()
    work = home / "work"
    work.mkdir()
    configure(person, "jupyter_server_config.py", f"c.ServerApp.root_dir = '{work}'\n")
    assert look(person).complaints == []
    fill = f'mount -t tmpfs -o size=1m none {work} && head -c 1100000 /dev/zero >{work}/model.bin; exec "$@"'
    said = look(person, prefix=("unshare", "-m", "sh", "-c", fill, "sh"))
    assert said.failed == ["jupyter-disk-full-save"]


# --- running servers ---------------------------------------------------------------------------------------------


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


def test_a_kernel_with_the_home_of_a_python_that_is_gone(person: dict[str, str]) -> None:
    python = f"{person['TARGET']}/bin/python"
    path = add_kernel(person, "old", {**spec_of(python), "env": {"PYTHONHOME": "/opt/python3.9"}})
    said = look(person)
    assert said.failed == ["jupyter-kernel-pythonhome"]
    env = {**person, "PYTHONHOME": "/opt/python3.9"}
    assert (
        b"No module named 'encodings'"
        in subprocess.run([python, "-c", ""], env=env, capture_output=True).stderr
    )
    path.write_text(json.dumps({**spec_of(python), "env": {"PYTHONHOME": sys.base_prefix, "A": "$B"}}))
    assert look(person).complaints == []


@pytest.mark.parametrize("slip", ["mark", "connection"])
def test_a_kernel_that_jupyter_cannot_start(person: dict[str, str], slip: str) -> None:
    spec = spec_of(f"{person['TARGET']}/bin/python")
    if slip == "connection":
        spec["argv"] = [f"{person['TARGET']}/bin/python", "-m", "ipykernel_launcher"]
    path = add_kernel(person, "mine", spec)
    if slip == "mark":
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert look(person).failed == ["jupyter-kernelspec-broken"]


def test_a_file_where_a_folder_is_wanted_is_told_once(person: dict[str, str], home: Path) -> None:
    (home / "data").write_text("x")
    said = look({**person, "JUPYTER_DATA_DIR": str(home / "data")})
    assert said.complaints == ["jupyter-runtime-dir-permission"]
    assert "is a file" in said.of("jupyter-runtime-dir-permission")["evidence"]
