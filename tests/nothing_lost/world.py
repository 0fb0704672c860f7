"""One machine and the hosts that it can reach: a person's HOME, a checkout, an index, a Hub and a Miniconda host on loopback."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bootstrap.safety.journal import read
from doctor.goal.profile import ModelWant
from tests.conda_host import builder
from tests.conda_host.machine import FILE
from tests.conda_host.server import official, serving
from tests.hub.models import make_repo, want
from tests.hub.server import serve as serve_hub
from tests.lab_env import free_port
from tests.nothing_lost.small import make_checkout, make_torch, make_wheels
from tests.scripts.loopback import serve as serve_index
from tests.wait import until

HIDDEN = (
    "apt-get",
    "apt",
    "ffmpeg",
    "uv",
    "conda",
    "nvidia-smi",
)  # a bare machine, on which nothing is installed for real
STAGE0 = ("tool-", "uv-")  # what stage 0 makes below GROUNDWORK_HOME
NOWHERE = "http://127.0.0.1:9"
MARK = "GROUNDWORK_TEST_MARK"  # by this the processes of one person are found, whoever their parent is by now


@dataclass
class Urls:
    """Where each kind of thing is had from, the best first."""

    package_index: list[str]
    torch_index: list[str]
    hub: list[str]
    conda: list[str]


@dataclass
class World:
    root: Path
    checkout: Path
    urls: Urls
    installer: bytes
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return Path(self.environ["HOME"])

    @property
    def ours(self) -> Path:
        return Path(self.environ.get("GROUNDWORK_HOME") or self.home / ".groundwork")

    def argv(self, *words: str) -> list[str]:
        return ["sh", str(self.checkout / "scripts/setup.sh"), *words]

    def run(
        self,
        *words: str,
        more: Mapping[str, str] | None = None,
        through: Sequence[str] = (),
        seconds: float = 120,
    ) -> Said:
        """Run a word to its end, with `more` variables on top of the person's, started by the command `through`."""
        done = subprocess.run(
            [*through, *self.argv(*(words or ("setup",)))],
            env={**self.environ, **(more or {})},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def start(
        self,
        *words: str,
        more: Mapping[str, str] | None = None,
        through: Sequence[str] = (),
        **streams: int,
    ) -> subprocess.Popen[bytes]:
        """Start a word; what it says is for `said`, unless it goes elsewhere."""
        self.root.joinpath("said").write_bytes(b"")
        with (self.root / "said").open("ab") as out:
            where: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, **streams}
            argv = [*through, *self.argv(*(words or ("setup",)))]
            where |= {"env": {**self.environ, **(more or {})}, "start_new_session": not through}
            started: subprocess.Popen[bytes] = subprocess.Popen(argv, **where)
            return started

    @property
    def said(self) -> str:
        return (self.root / "said").read_text(errors="replace")

    def journal(self) -> list[dict[str, Any]]:
        return read(self.ours / "journal.jsonl")

    def forget(self, stage0: bool = False) -> None:
        """An empty HOME again; what stage 0 made stays, unless that is what is to be made."""
        self.end_all()
        keep = [] if stage0 else [path for path in self.ours.glob("*-*") if path.name.startswith(STAGE0)]
        aside = self.root / "aside"
        aside.mkdir(exist_ok=True)
        for path in keep:
            path.rename(aside / path.name)
        shutil.rmtree(self.home)
        empty(Path(self.environ["TMPDIR"]))
        self.ours.mkdir(parents=True, mode=0o700)
        for path in keep:
            (aside / path.name).rename(path)

    def end_all(self) -> None:
        """As a restart of the machine does."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert until(lambda: not self.processes())

    def processes(self) -> dict[int, str]:
        """Living processes of this person, by pid; a server that setup leaves running is among them."""
        mark = f"{MARK}={self.environ[MARK]}".encode()
        found = {}
        for path in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if path.name.isdigit() and mark in path.joinpath("environ").read_bytes().split(b"\0"):
                    found[int(path.name)] = (
                        path.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
                    )
        return {pid: command for pid, command in found.items() if command}


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


@dataclass(frozen=True)
class Said:
    """How a word ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def toolbox(folder: Path) -> Path:
    """All commands of this machine but those that would change it for real, and the Python that runs us."""
    folder.mkdir()
    for place in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for command in sorted(Path(place).iterdir()) if Path(place).is_dir() else ():
            link = folder / command.name
            if command.name not in HIDDEN and not command.name.startswith("python") and not link.is_symlink():
                link.symlink_to(command)
    python = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    for name in ("python3", python.name):
        (folder / name).symlink_to(python)
    return folder


def mirrors_toml(urls: Urls, installer: bytes) -> str:
    """The table of sources: these and no others."""
    lines = ['mode = "replace"']
    kinds = {"package_index": urls.package_index, "torch_index": urls.torch_index, "hub": urls.hub}
    kinds["conda_installer"] = [f"{url}/miniconda/{{file}}" for url in urls.conda]
    kinds["conda_channel"] = [f"{url}/conda-forge" for url in urls.conda]
    for kind, places in kinds.items():
        for number, url in enumerate(places):
            lines += ["[[source]]", f'kind = "{kind}"', f'name = "{kind}{number}"', f'url = "{url}"']
    lines += ["[[installer]]", f'file = "{FILE}"', f'machine = "{platform.machine()}"']
    return "\n".join([*lines, f'sha256 = "{builder.sha256(installer)}"', ""])


@contextlib.contextmanager
def a_world(root: Path, manager: str = "venv") -> Iterator[World]:
    """The machine, with stage 0 done and nothing else; its server is ended with it."""
    make_wheels(root / "wheels")
    make_torch(root / "torch")
    repos = tuple(make_repo(root / "models", f"small/{name}", 300_000) for name in ("one", "two"))
    installer = builder.installer()
    with contextlib.ExitStack() as stack:
        index = stack.enter_context(serve_index(root / "wheels"))
        torch = stack.enter_context(serve_index(root / "torch"))
        hub = stack.enter_context(serve_hub(*repos))
        conda = stack.enter_context(serving(official(installer)))
        urls = Urls([index.simple], [torch.simple], [hub.url], [conda.url])
        wanted: tuple[ModelWant, ...] = tuple(
            msgspec.structs.replace(want(repo), optional=()) for repo in repos
        )
        checkout = make_checkout(root / "checkout", root / "wheels", wanted)
        world = World(root, checkout, urls, installer)
        world.environ = person(root, manager)
        use(world, urls)
        world.ours.mkdir(parents=True, mode=0o700)
        made = world.run("setup", more={"GROUNDWORK_STAGE0_ONLY": "1", **shared_cache()})
        assert made.code == 0, made.text
        yield world
        world.end_all()


def person(root: Path, manager: str) -> dict[str, str]:
    tmp = root / "tmp"
    tmp.mkdir()
    return {
        **{name: os.environ[name] for name in ("SSL_CERT_FILE",) if name in os.environ},
        "HOME": str(root / "home"),
        "PATH": str(toolbox(root / "bin")),
        "TMPDIR": str(tmp),
        "LANG": "C.UTF-8",
        "PROFILE": "small",
        "ENV_MANAGER": manager,
        "PASSWORD": "open sesame 123",
        "https_proxy": NOWHERE,  # whoever asks a host outside is told so at once
        "no_proxy": "127.0.0.1,localhost",
        "PORT": str(free_port()),
        "GROUNDWORK_MIRRORS_FILE": str(root / "mirrors.toml"),
        MARK: str(root),
    }


def use(world: World, urls: Urls) -> None:
    """Let these be the sources from now on."""
    world.root.joinpath("mirrors.toml").write_text(mirrors_toml(urls, world.installer))


def shared_cache() -> dict[str, str]:
    """uv's cache of whoever runs the tests: Groundwork's own packages are not downloaded for every test."""
    return {
        "https_proxy": os.environ.get("https_proxy", ""),
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR") or str(Path("~/.cache/uv").expanduser()),
    }
