"""Docker on the host: a daemon of the user's own that a context names, and one that is older than NVIDIA's toolkit; what an error text is led back to."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from doctor.report.snapshot import Snapshot, encode
from doctor.texts.search import by_text
from tests.checks.test_machines import recorded
from tests.faults.gpu.test_places import PATH
from tests.faults.gpu.world import World
from tests.faults.patient import bare_environ
from tests.faults.reported.test_containers import AREAS, CONFIG, HEALTHY, context, program, with_docker
from tests.faults.test_explain_here import explained

OWN = "unix:///run/user/1000/docker.sock"
# A process of the daemon's name, that has just been started.
DAEMON = """
cp /bin/sleep /usr/bin/dockerd
dockerd 60 >/dev/null 2>&1 &
echo $! >/run/docker.pid
"$@"
code=$?
kill "$(cat /run/docker.pid)"
exit $code
"""


def test_a_daemon_of_the_user_that_the_context_names(t4: World) -> None:
    """As dockerd-rootless-setuptool.sh leaves it, without DOCKER_HOST; https://github.com/NVIDIA/nvidia-container-toolkit/issues/139."""
    world = program(t4, "/usr/local/bin/docker", "/usr/bin/nvidia-ctk").put(CONFIG, HEALTHY)
    world.packages(**{"nvidia-container-toolkit": "1.14.0-1"})
    context(world, "rootless", OWN)
    said = world.diagnose(areas=AREAS, PATH=PATH)
    assert said.complaints == ["docker-rootless-writes-no-rules"]
    assert OWN in said.of("docker-rootless-writes-no-rules")["evidence"]


@pytest.mark.parametrize(
    ("seconds", "word", "said"),
    [(60, "install", ["docker-older-than-toolkit"]), (60, "upgrade", []), (-60, "install", [])],
)
def test_a_toolkit_that_came_after_the_daemon(t4: World, seconds: int, word: str, said: list[str]) -> None:
    """The daemon looks for it once, when it starts; `seconds` after that it was installed, by dpkg's own log."""
    then = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + seconds))
    line = f"{then} {word} nvidia-container-toolkit:amd64 <none> 1.17.3-1\n"
    world = with_docker(t4).put("/var/log/dpkg.log", f"{then} status installed x:amd64 1\n{line}")
    world.inner = ["sh", "-c", DAEMON, "sh"]
    assert world.diagnose(areas=AREAS, PATH=PATH).complaints == said


NO_DRIVER = (
    'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].\n'
)
NO_RULES = "nvidia-container-cli: mount error: failed to add device rules: unable to find any existing device filters\n"
NO_CARD = "RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU\n"


@pytest.mark.parametrize(
    ("machine", "text"),
    [
        ("docker-runs-elsewhere", NO_DRIVER),
        ("docker-older-than-toolkit", NO_DRIVER),
        ("docker-rootless-writes-no-rules", NO_RULES),
        ("wsl-gpu-switched-off", NO_CARD),
    ],
)
def test_what_a_text_says_gives_way_to_what_the_machine_shows(
    home: Path, tmp_path: Path, machine: str, text: str
) -> None:
    """https://github.com/NVIDIA/nvidia-container-toolkit/issues/814 foremost: the toolkit was there all the time."""
    facts = tmp_path / "facts.json"
    facts.write_bytes(encode(msgspec.convert(recorded(f"gpu/{machine}"), Snapshot)))
    first, *_ = explained(bare_environ(home), text, "--facts", str(facts))
    assert first["id"] == machine and first["here"]
    assert by_text(text)[0].id != machine
