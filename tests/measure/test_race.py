"""The bars: of a set of mirrors that are wrong in every way the slow one that is right is used, in five seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bootstrap import mirror_table, mirrors
from bootstrap.mirrors import measure, memory_path
from doctor.facts import Answer
from doctor.goal import Goal
from doctor.goal.profile import ModelWant
from doctor.measure.race import race
from doctor.mirrors.table import Kind
from tests.faults.web import make_authority
from tests.hub.server import dead_url
from tests.measure.hosts import CONFIG, PAGE, PATHS, REVISION, WHEEL, Mirror, digest, serving, table, wrong

BAR = 5.0  # seconds
MODEL = ModelWant(
    id="org/model",
    revision=REVISION,
    files=("config.json", "model.safetensors"),
    bytes=300_000,
    licence="mit",
    sha256={"config.json": digest(CONFIG)},
)
KINDS: tuple[Kind, ...] = (
    "hub",
    "package_index",
    "torch_index",
    "conda_installer",
    "conda_channel",
    "python_build",
)


@pytest.fixture
def asking(goal: Goal, monkeypatch: pytest.MonkeyPatch) -> Goal:
    """A goal that wants one model, and a lock of one package."""
    monkeypatch.setattr(
        "doctor.mirrors.samples.witness", lambda goal: ("demo", "1.0", frozenset({digest(WHEEL)}))
    )
    return msgspec.structs.replace(goal, models=(MODEL,))


@pytest.fixture
def up() -> Iterator[Callable[..., Mirror]]:
    with ExitStack() as stack:
        yield lambda mirror, context=None: stack.enter_context(serving(mirror, context))


def use(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))


@pytest.mark.parametrize(("kind", "flat"), [*((kind, False) for kind in KINDS), ("torch_index", True)])
def test_the_slow_one_that_is_right_is_used_and_every_rejection_explained(
    asking: Goal,
    up: Callable[..., Mirror],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: Kind,
    flat: bool,
) -> None:
    hosts = {
        "html": up(Mirror(page=PAGE)).url,
        "stalls": up(Mirror(stall_after=100_000)).url,
        "wrong": up(Mirror(files=wrong(kind))).url,
        "right": up(Mirror(latency=0.2, rate=250_000)).url,
        "dead": dead_url(),
        "moved": up(Mirror(location=dead_url())).url,
        "tls": up(Mirror(), make_authority(tmp_path / "ca").context()).url,
    }
    where = "/flat/{variant}" if flat else None
    use(monkeypatch, table(tmp_path / "m.toml", kind, hosts, "flat = true" if flat else "", where))
    began = time.monotonic()
    answering, silent = measure(kind, asking)
    took = time.monotonic() - began
    assert [answer.name for answer in answering] == ["right"]
    assert took < BAR
    assert 100_000 < (answering[0].rate or 0) < 300_000
    said = {answer.name: answer.error or "" for answer in silent}
    assert set(said) == set(hosts) - {"right"}
    assert any(
        word in said["html"] for word in ("web page", "does not list", "login page", "not a Hub's", "no JSON")
    )
    assert said["stalls"].startswith("stalled after")
    assert any(word in said["wrong"] for word in ("other bytes", "repodata", "not a build of Python"))
    assert "refused" in said["dead"] and "refused" in said["moved"]
    assert "certificate" in said["tls"].lower()


def test_an_index_whose_links_lead_to_another_host_is_seen(
    asking: Goal, up: Callable[..., Mirror], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream, escaping = up(Mirror()), Mirror()
    page = escaping.files["/whl/cpu/torch/"].replace(b'href="', f'href="{upstream.url}'.encode())
    escaping.files = {"/whl/cpu/torch/": page}
    use(monkeypatch, table(tmp_path / "m.toml", "torch_index", {"mirror": up(escaping).url}))
    answer = measure("torch_index", asking)[0][0]
    assert answer.host == upstream.url.removeprefix("http://") not in answer.url


def test_a_mirror_that_sends_everybody_to_the_official_host_is_seen(
    asking: Goal, up: Callable[..., Mirror], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    official = up(Mirror())
    hosts = {"mirror": up(Mirror(location=official.url)).url}
    for kind in KINDS:
        use(monkeypatch, table(tmp_path / "m.toml", kind, hosts))
        answer = measure(kind, asking)[0][0]
        assert answer.host == official.url.removeprefix("http://") not in answer.url


@pytest.mark.parametrize("kind", ["package_index", "torch_index"])
@pytest.mark.parametrize(("packed", "as_json"), [(True, False), (False, True), (True, True)])
def test_an_index_that_packs_its_pages_or_sends_json_is_one(
    asking: Goal,
    up: Callable[..., Mirror],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: Kind,
    packed: bool,
    as_json: bool,
) -> None:
    odd = up(Mirror(packed=packed, json=as_json)).url
    hosts = {"odd": odd, "wrong": up(Mirror(wrong(kind), packed=packed, json=as_json)).url}
    use(monkeypatch, table(tmp_path / "m.toml", kind, hosts))
    answering, silent = measure(kind, asking)
    assert [answer.name for answer in answering] == ["odd"]
    assert [(answer.error or "").split(":")[0] for answer in silent] == ["other bytes"]


def test_the_official_one_is_preferred_when_it_is_nearly_as_fast(
    asking: Goal, up: Callable[..., Mirror], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rate, first in ((540_000, "official"), (200_000, "mirror")):
        hosts = {"mirror": up(Mirror(rate=600_000)).url, "official": up(Mirror(rate=rate)).url}
        use(monkeypatch, table(tmp_path / "m.toml", "conda_installer", hosts))
        assert measure("conda_installer", asking)[0][0].name == first


def test_what_the_person_set_is_asked_alone(
    asking: Goal, up: Callable[..., Mirror], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, own = up(Mirror()), up(Mirror(latency=0.3))
    use(monkeypatch, table(tmp_path / "m.toml", "hub", {"other": other.url}))
    answering, _ = measure("hub", msgspec.structs.replace(asking, endpoint=own.url))
    assert [answer.url for answer in answering] == [own.url]


def test_what_was_measured_is_kept_for_this_network_and_a_damaged_file_is_measured_again(
    asking: Goal, up: Callable[..., Mirror], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = {"one": up(Mirror(rate=600_000)).url, "two": dead_url().replace("http://", "http://me:secret@")}
    use(monkeypatch, table(tmp_path / "m.toml", "conda_channel", hosts))
    raced: list[int] = []

    def counted(*asked: Any, **how: Any) -> tuple[Answer, ...]:
        raced.append(1)
        return race(*asked, **how)

    monkeypatch.setattr(mirrors, "race", counted)
    first = measure("conda_channel", asking)
    assert not memory_path(asking).exists(), "asking alone writes nothing"
    mirrors.keep(asking)
    assert "secret" not in memory_path(asking).read_text()
    assert memory_path(asking).stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(mirrors, "_now", {})  # as in the next run
    assert measure("conda_channel", asking) == first and raced == [1]
    whole = memory_path(asking).read_bytes()
    for damaged in (whole[:-40], b"\0" * 50, b"[]", whole.replace(b"[0,", b"[7,")):
        memory_path(asking).write_bytes(damaged)
        raced.clear()
        monkeypatch.setattr(mirrors, "_now", {})
        assert measure("conda_channel", asking)[0][0].name == "one" and raced == [1]
    monkeypatch.setattr(mirrors, "network_key", lambda: "another")
    memory_path(asking).write_bytes(whole)
    assert measure("conda_channel", asking) and raced == [1, 1]


def test_one_that_is_alone_is_not_waited_for(
    asking: Goal, up: Callable[..., Mirror], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """300 kB at 100 kB/s: enough of it to see what it is; all of it only where somebody asks for the table."""
    use(monkeypatch, table(tmp_path / "m.toml", "python_build", {"one": up(Mirror(rate=100_000)).url}))
    began = time.monotonic()
    (alone,), _ = measure("python_build", asking)
    brief = time.monotonic() - began
    (shown,), _ = measure("python_build", asking, fresh=True)
    assert time.monotonic() - began - brief > 2 * brief
    assert 50_000 < (alone.rate or 0) < 300_000 and 50_000 < (shown.rate or 0) < 150_000


@pytest.mark.parametrize(("silent", "code"), [("python_build", 0), ("conda_channel", 5)])
def test_a_machine_that_has_its_python_needs_no_host_of_pythons(
    asking: Goal,
    up: Callable[..., Mirror],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    silent: Kind,
    code: int,
) -> None:
    url, path = up(Mirror()).url, table(tmp_path / "m.toml", silent, {})
    named = [
        f'[[source]]\nkind = "{k}"\nname = "one"\nurl = "{url}{PATHS[k]}"\n' for k in KINDS if k != silent
    ]
    path.write_text(path.read_text() + "".join(named))
    use(monkeypatch, path)
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_PYTHON_INSTALL_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(mirror_table, "resolve", lambda flags, changes: asking)
    assert mirror_table.mirrors({}, "en", as_json=True) == code


def test_an_old_measurement_is_made_anew(
    asking: Goal, up: Callable[..., Mirror], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, table(tmp_path / "m.toml", "conda_channel", {"one": up(Mirror()).url}))
    measure("conda_channel", asking)
    monkeypatch.setattr(mirrors, "KEPT", 0.0)
    monkeypatch.setattr(mirrors, "race", lambda *asked, **how: ())
    assert measure("conda_channel", asking) == ((), ())
