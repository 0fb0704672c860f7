"""Users, limits and shells, as people have reported them; each named at first sight."""

from __future__ import annotations

import subprocess

from tests.conftest import missing
from tests.faults.patient import diagnose

AREAS = "host,disk,hub"


def test_a_container_for_a_user_without_a_name(person: dict[str, str]) -> None:
    """https://github.com/pytorch/pytorch/issues/140765: "getpwuid(): uid not found: 1042" in torch's inductor."""
    nameless = ["unshare", "--user", "--map-user=1042", "--map-group=100"]
    if subprocess.run([*nameless, "true"], capture_output=True, check=False).returncode != 0:
        missing("root", "no user namespaces here")
    said = diagnose(person, "--area", AREAS, prefix=nameless)
    assert said.complaints == ["user-without-passwd-entry"]
    assert "1042" in said.of("user-without-passwd-entry")["evidence"]


def test_a_login_node_that_lets_programs_map_a_gigabyte(person: dict[str, str]) -> None:
    """https://github.com/pytorch/pytorch/issues/16558: "failed to map segment from shared object"."""
    said = diagnose(person, "--area", AREAS, prefix=["sh", "-ec", 'ulimit -v 1024000; exec "$@"', "sh"])
    assert said.complaints == ["address-space-limit"]
