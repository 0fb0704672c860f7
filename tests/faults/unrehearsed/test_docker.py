"""Docker's daemon.json, as guides for mirrors and runtimes leave it."""

from __future__ import annotations

import pytest

from tests.faults.gpu.world import World, working

RUNTIME = '"runtimes": {"nvidia": {"path": "nvidia-container-runtime", "runtimeArgs": []}}'
BROKEN = [
    ('{"registry-mirrors": ["https://a.example"],}', "line 1"),
    ('{\n  // mirrors\n  "registry-mirrors": []\n}', "line 2"),
    ('{"debug": true}\n{"debug": true}', "line 2"),
    ("{“debug”: true}", "line 1"),
    ("{'debug': true}", "line 1"),
    ('["https://a.example"]', "not an object"),
    ('{"registry-mirrors": "https://a.example"}', "registry-mirrors: not a list of texts"),
    ('{"registry-mirrors": ["a.example"]}', "is no address"),
    ('{"registry-mirrors": ["https://a.example/v2/"]}', "is no address"),
    ('{"registry-mirror": ["https://a.example"]}', "registry-mirrors is one"),
    ('{"insecure-registry": ["a.example:5000"]}', "no option"),
    ('{"dns": "192.0.2.1"}', "dns: not a list of texts"),
    ('{"debug": "true"}', "debug: not true or false"),
    ('{"max-concurrent-downloads": "3"}', "not a number"),
    ('{"log-opts": {"max-size": "10m", "max-file": 3}}', "log-opts.max-file: not a text"),
    ('{"runtimes": {"nvidia": "nvidia-container-runtime"}}', "runtimes.nvidia: not an object"),
    ('{"runtimes": ["nvidia"]}', "runtimes: not an object"),
    ('{"default-runtime": "nvidia"}', "nvidia is not among the runtimes"),
    ('{"data-root": ["/data"]}', "data-root: not a text"),
    (b'{"data-root": "/\xca\xfd\xbe\xdd"}', "not UTF-8"),
]
FINE = [
    "",
    " \n",
    "{}",
    f"{{{RUNTIME}}}",
    f'{{"default-runtime": "nvidia", {RUNTIME}}}',
    '{"default-runtime": "io.containerd.runsc.v1"}',
    '{"registry-mirrors": ["https://a.example", "http://192.0.2.7:5000/"], "insecure-registries": ["192.0.2.7:5000"]}',
    '{"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}, "mtu": 1450, "live-restore": true}',
    '{"exec-opts": ["native.cgroupdriver=systemd"], "storage-driver": "overlay2", "data-root": "/data/docker"}',
    '{"default-shm-size": "8G", "default-ulimits": {"memlock": {"Name": "memlock", "Hard": -1, "Soft": -1}}}',
    '{"features": {"cdi": true}, "builder": {"gc": {"enabled": true}}, "proxies": {"http-proxy": "http://p.example:80"}}',
    '{"an-option-of-next-year": 7}',
    b'\xef\xbb\xbf{"debug": true}',
]


def with_docker(world: World, said: str | bytes, command: str = "/usr/bin/docker") -> World:
    for program in (command, "/usr/bin/nvidia-ctk"):
        world.put(program, "#!/bin/sh\n")
        (world.folder / "root" / program.lstrip("/")).chmod(0o755)
    return world.put("/etc/docker/daemon.json", said)


@pytest.mark.parametrize(("said", "place"), BROKEN)
def test_docker_does_not_start_with_it(t4: World, said: str | bytes, place: str) -> None:
    told = with_docker(t4, said).diagnose()
    assert told.complaints == ["docker-config-broken"]
    assert told.of("docker-config-broken")["severity"] == "warn"
    assert place in told.of("docker-config-broken")["evidence"]


@pytest.mark.parametrize("said", FINE)
def test_docker_starts_with_it(t4: World, said: str | bytes) -> None:
    assert with_docker(t4, said).diagnose().complaints == []


def test_a_runtime_that_the_service_adds(t4: World) -> None:
    world = with_docker(t4, '{"default-runtime": "nvidia"}')
    world.put(
        "/etc/systemd/system/docker.service.d/override.conf", "ExecStart=dockerd --add-runtime=nvidia=/x\n"
    )
    assert world.diagnose().complaints == []


def test_without_a_card_it_is_told_too(bare: World) -> None:
    assert with_docker(bare, "{").diagnose().complaints == ["docker-config-broken"]


def test_without_docker_the_file_is_nobodys(bare: World) -> None:
    assert working(bare).put("/etc/docker/daemon.json", "{").diagnose().complaints == []


def test_in_a_container_it_is_not_looked_at(t4: World) -> None:
    assert with_docker(t4.in_container(), "{").diagnose().complaints == []
