"""The findings about JupyterLab, each on a machine that has the fault, and silence on one that does not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bootstrap.lab.screen import screen
from doctor.checks import judge
from doctor.checks.jupyter import check
from doctor.facts import (
    AREAS,
    Certificate,
    Facts,
    Jupyter,
    JupyterServer,
    KernelProof,
    Kernelspec,
    PortOwner,
    Unknown,
)
from doctor.finding import Finding, settle
from doctor.goal import Goal, Tls
from doctor.lab.wanted import kernel_env, kernel_title, lab_settings, server_settings
from doctor.text import Lang, both
from doctor.texts.search import by_text
from tests.lab_env import make_goal


@pytest.fixture
def goal(tmp_path: Path) -> Goal:
    return make_goal(tmp_path, PORT="8888")


def healthy(goal: Goal) -> Jupyter:
    settings = server_settings(goal, True)
    return Jupyter(
        kernelspec=Kernelspec(
            path="/k/kernel.json",
            display_name=kernel_title(goal),
            interpreter=goal.interpreter,
            interpreter_exists=True,
            env=kernel_env(goal, None),
        ),
        config_path="/c.json",
        config_mode=0o600,
        config=settings | lab_settings(),
        has_password=True,
        password_mode=0o600,
        as_root=True,
        hub_endpoint=None,
        person_configs=(),
        server=JupyterServer(
            pid=7, started_at=1.0, answers=True, version="2", settings=settings, config_is_current=True
        ),
        ended_pid=None,
        port_owner=None,
        last_log_lines=("one", "two"),
    )


def facts_of(jupyter: Jupyter) -> Facts:
    areas = {area: Unknown("not asked") for area in AREAS}
    return Facts(taken_at="2026-01-01T00:00:00+00:00", **{**areas, "jupyter": jupyter})  # type: ignore[arg-type]


def judged(goal: Goal, **changes: object) -> dict[str, Finding]:
    facts = facts_of(msgspec.structs.replace(healthy(goal), **changes))
    assert msgspec.json.decode(msgspec.json.encode(facts), type=Facts) == facts
    return {finding.id: finding for finding in judge(facts, goal, ("jupyter",))}


def test_silence_on_a_healthy_machine(goal: Goal) -> None:
    assert judged(goal) == {}


def test_kernel_faults(goal: Goal) -> None:
    spec = healthy(goal).kernelspec
    assert spec is not None
    assert set(judged(goal, kernelspec=None)) == {"kernel-missing"}
    gone = msgspec.structs.replace(spec, interpreter_exists=False)
    assert set(judged(goal, kernelspec=gone)) == {"jupyter-stale-kernelspec"}
    changes: tuple[dict[str, object], ...] = (
        {"interpreter": "python"},
        {"env": {}},
        {"display_name": "Python 3 (ipykernel)"},
    )
    for change in changes:
        other = msgspec.structs.replace(spec, **change)
        assert set(judged(goal, kernelspec=other)) == {"kernel-differs"}
    assert "HF_ENDPOINT" in judged(goal, hub_endpoint="https://hf-mirror.com")["kernel-differs"].evidence.en


def test_configuration_faults(goal: Goal) -> None:
    assert set(judged(goal, config_mode=None)) == {"jupyter-config-missing"}
    assert set(judged(goal, has_password=False)) == {"jupyter-config-missing"}
    assert set(judged(goal, config_mode=0o644)) == {"jupyter-config-readable"}
    assert set(judged(goal, password_mode=0o640)) == {"jupyter-config-readable"}
    opened = {**healthy(goal).config, "ServerApp.ip": "0.0.0.0"}
    assert set(judged(goal, config=opened)) == {"jupyter-config-differs"}
    asking = server_settings(goal, True)
    assert "fetchNews" in judged(goal, config=asking)["jupyter-config-differs"].evidence.en


def test_faults_of_the_certificate(tmp_path: Path) -> None:
    own = make_goal(tmp_path, TLS="self-signed")
    assert own.tls is not None
    good = Certificate(path=own.tls.certificate, fingerprint="AB:CD", days_left=200)
    assert judged(own, certificate=good) == {}
    ending = judged(own, certificate=msgspec.structs.replace(good, days_left=29.4))
    assert "29 days" in ending["jupyter-tls-ends-soon"].title.en
    for fault in ({"error": both("gone")}, {"days_left": None}):
        bad = msgspec.structs.replace(good, **fault)
        assert judged(own, certificate=bad)["jupyter-tls-missing"].remedy.step == "jupyter"
    theirs = msgspec.structs.replace(own, tls=Tls("/c", "/k", own=False))
    assert judged(theirs, certificate=Certificate(path="/c", fingerprint="AB:CD")) == {}
    unfit = judged(theirs, certificate=Certificate(path="/c", error=both("/k is not a file")))
    assert unfit["jupyter-tls-unfit"].remedy.step is None, "their files are theirs"


def test_a_kernel_that_failed_is_not_forgotten(goal: Goal) -> None:
    assert judged(goal, proof=KernelProof(state="works", said="2.13.0")) == {}
    assert set(judged(goal, proof=KernelProof(state="pending"))) == {"jupyter-kernel-unproven"}
    failed = judged(goal, proof=KernelProof(state="fails", said="ImportError: libx.so"))
    assert "libx.so" in failed["jupyter-kernel-fails"].evidence.en
    assert failed["jupyter-kernel-fails"].severity == "fail"
    assert "jupyter-kernel-fails" not in judged(goal, proof=KernelProof(state="fails"), server=None)


def test_who_keeps_it_up(goal: Goal) -> None:
    server = healthy(goal).server
    assert server is not None
    for wanted, keeper in (("watch", "watcher"), ("systemd", "systemd")):
        kept = msgspec.structs.replace(goal, keep_up=wanted)
        assert set(judged(kept)) == {"jupyter-kept-up-otherwise"}
        assert judged(kept, server=msgspec.structs.replace(server, kept_up_by=keeper)) == {}
    assert set(judged(goal, server=msgspec.structs.replace(server, kept_up_by="watcher"))) == {
        "jupyter-kept-up-otherwise"
    }


def test_server_faults(goal: Goal) -> None:
    server = healthy(goal).server
    assert server is not None
    assert judged(goal, server=None)["jupyter-server-down"].severity == "warn"
    assert judged(goal, server=None, ended_pid=7)["jupyter-server-down"].severity == "fail"
    silent = msgspec.structs.replace(server, answers=False)
    assert set(judged(goal, server=silent)) == {"jupyter-server-not-answering"}
    older = msgspec.structs.replace(server, config_is_current=False)
    assert set(judged(goal, server=older)) == {"jupyter-server-other-settings"}
    elsewhere = msgspec.structs.replace(server, settings={**server.settings, "ServerApp.port": 9999})
    assert set(judged(goal, server=elsewhere)) == {"jupyter-server-other-settings"}


def test_a_taken_port_names_its_owner_and_explains_the_missing_server(goal: Goal) -> None:
    owner = PortOwner(pid=4242, user="alice", command="python -m http.server 8888")
    found = judged(goal, server=None, port_owner=owner)
    evidence = found["jupyter-port-in-use"].evidence.en
    assert "4242" in evidence and "alice" in evidence and "http.server" in evidence
    assert found["jupyter-port-in-use"].remedy.commands == (("make", "setup", "PORT=8889"),)
    assert found["jupyter-server-down"].severity == "blocked"
    nameless = judged(goal, port_owner=PortOwner(pid=None, user="root", command=""))
    assert "root" in nameless["jupyter-port-in-use"].evidence.en


def test_a_missing_environment_is_one_line_not_three(goal: Goal) -> None:
    bare = msgspec.structs.replace(healthy(goal), kernelspec=None, config_mode=None, server=None)
    all_of_it = tuple(check(facts_of(bare), goal))
    cause = msgspec.structs.replace(all_of_it[0], id="environment-missing", blocked_by=())
    settled = settle((cause, *all_of_it))
    assert [finding.severity for finding in settled] == ["fail", "blocked", "blocked", "blocked"]


def test_every_message_is_in_both_languages(goal: Goal) -> None:
    owner = PortOwner(pid=1, user="root", command="init")
    for finding in judged(
        goal, kernelspec=None, config_mode=None, server=None, port_owner=owner, person_configs=("/x",)
    ).values():
        assert finding.title.en != finding.title.zh and finding.cause.en != finding.cause.zh


@pytest.mark.parametrize(
    ("ip", "bound", "remote"),
    [
        ("localhost", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", False),
        ("::1", "::1", False),
        ("*", "", True),
        ("0.0.0.0", "0.0.0.0", True),
        ("::", "::", True),
        ("192.0.2.7", "192.0.2.7", True),
    ],
)
def test_addresses(tmp_path: Path, ip: str, bound: str, remote: bool) -> None:
    settings = server_settings(make_goal(tmp_path, IP=ip), False)
    assert settings["ServerApp.ip"] == bound
    assert settings["ServerApp.allow_remote_access"] is remote
    assert settings["ServerApp.allow_root"] is False


def test_the_screen_gives_the_tunnel_of_this_very_login(goal: Goal) -> None:
    ssh = {"SSH_CONNECTION": "198.51.100.1 50000 203.0.113.5 2222"}
    languages: tuple[Lang, ...] = ("en", "zh")
    for lang in languages:
        text = "\n".join(screen(goal, facts_of(healthy(goal)), lang, ssh))
        assert "ssh -N -L 8888:localhost:8888 -p 2222 " in text and "@203.0.113.5\n" in text
        assert "http://localhost:8888/lab" in text and goal.jupyter_dir in text


def test_the_screen_says_what_an_open_address_exposes(tmp_path: Path) -> None:
    goal = make_goal(tmp_path, PORT="8888", IP="0.0.0.0")
    ssh = {"SSH_CONNECTION": "2001:db8::1 50000 2001:db8::5 22"}
    text = "\n".join(screen(goal, facts_of(healthy(goal)), "en", ssh))
    assert "http://[2001:db8::5]:8888/lab" in text and "not encrypted" in text


def test_the_screen_tells_of_the_server_that_runs_not_of_the_one_wanted(goal: Goal, tmp_path: Path) -> None:
    wide_open = healthy(make_goal(tmp_path, PORT="9999", IP="*"))
    text = "\n".join(screen(goal, facts_of(wide_open), "en", {}))
    assert ":9999/lab" in text and "not encrypted" in text and "this machine alone" not in text


def test_the_screen_of_a_server_with_tls(tmp_path: Path) -> None:
    goal = make_goal(tmp_path, PORT="8888", IP="*", TLS="self-signed")
    seen = Certificate(path="/c", fingerprint="AB:CD:EF", days_left=300)
    facts = facts_of(msgspec.structs.replace(healthy(goal), certificate=seen))
    text = "\n".join(screen(goal, facts, "en", {}))
    assert "https://" in text and "AB:CD:EF" in text and "every address" in text
    assert "not encrypted" not in text


# What Jupyter really prints, and the finding that it belongs to.
PRINTED = {
    "[I 2026-11-24 12:00:00.000 ServerApp] The port 8888 is already in use, trying another port.": "jupyter-port-in-use",
    "ERROR: the Jupyter server could not be started because port 8888 is not available.": "jupyter-port-in-use",
    "[C ServerApp] Running as root is not recommended. Use --allow-root to bypass.": "jupyter-root-refused",
    "[E ServerApp] Exception while loading config file /root/.jupyter/jupyter_server_config.py": "jupyter-config-broken",
    "OSError: [Errno 99] Cannot assign requested address": "jupyter-address-not-here",
    "[W ServerApp] Blocking request with non-local 'Host' lab.example.com (lab.example.com).": "jupyter-host-header-blocked",
    "403 POST /api/sessions (1.2.3.4): '_xsrf' argument missing from POST": "jupyter-xsrf-or-origin",
    "[W ServerApp] Blocking Cross Origin API request for /api/contents.  Origin: http://a, Host: b": "jupyter-xsrf-or-origin",
    "FileNotFoundError: [Errno 2] No such file or directory: '/root/miniconda3/envs/old/bin/python'": "jupyter-stale-kernelspec",
    "/usr/bin/python3: No module named ipykernel_launcher": "jupyter-kernel-without-ipykernel",
    "PermissionError: [Errno 13] Permission denied: '/home/ann/.local/share/jupyter/runtime/jpserver-1-open.html'":
        "jupyter-runtime-dir-permission",
    "[E ServerApp] Unexpected error while saving file: a.ipynb [Errno 2] No such file or directory": "jupyter-disk-full-save",
    "[C ServerApp] Bad config encountered during initialization: "
    "The 'port' trait of a ServerApp instance expected an int, not the str '8888'.": "jupyter-config-wrong-value",
    "[C ServerApp] Bad config encountered during initialization: No such directory: ''/data/notebooks''":
        "jupyter-root-dir-missing",
    "[W LabApp] Config option `prot` not recognized by `ServerApp`.  Did you mean `port`?": "jupyter-config-misspelt",
    "AsyncIOLoopKernelRestarter: restarting kernel (1/5), keep random ports": "jupyter-kernel-died",
    "jupyter_client.kernelspec.NoSuchKernel: No such kernel named hf": "kernel-missing",
    "[W ServerApp] All authentication is disabled.  Anyone who can connect to this server will be able to run code.":
        "jupyter-exposed-without-password",
    "AttributeError: 'NotebookApp' object has no attribute 'io_loop'": "jupyter-versions-clash",
}  # fmt: skip


@pytest.mark.parametrize("line", PRINTED)
def test_what_jupyter_prints_is_known(line: str) -> None:
    assert PRINTED[line] in [match.id for match in by_text(f"some line before\n{line}\nsome line after")]
