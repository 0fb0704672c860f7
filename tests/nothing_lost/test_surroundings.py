"""What a shell, a home or a mount can be like: setup ends as it does anywhere else, or says at once what is in its way.

All paths of this machine have spaces and Chinese letters in them.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.nothing_lost.kill import differences, files, is_of_one_run, state, strays
from tests.nothing_lost.world import World, shared_cache

MACHINE = "a machine 机器"
NOBODY = 65534
Environ = Mapping[str, str]
NONSENSE: dict[str, Environ] = {
    "python": {
        "PYTHONPATH": "{poison}",
        "PYTHONSTARTUP": "/gone",
        "PYTHONEXECUTABLE": "/gone",
        "PYTHONPLATLIBDIR": "gone",
        "PYTHONINSPECT": "1",
        "PYTHONWARNINGS": "error",
        "PYTHONIOENCODING": "ascii",
        "PYTHONUSERBASE": "{poison}",
    },
    "pip": {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONSTRAINT": "/gone",
        "PIP_TARGET": "/gone",
        "PIP_USER": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_NO_BINARY": ":all:",
    },
    "uv": {
        "UV_PYTHON": "2.7",
        "UV_CONSTRAINT": "/gone",
        "UV_OVERRIDE": "/gone",
        "UV_EXCLUDE_NEWER": "2020-01-01",
        "UV_NO_BINARY": "1",
        "UV_REQUIRE_HASHES": "1",
        "UV_TORCH_BACKEND": "cu126",
        "UV_WORKING_DIR": "/proc",
        "UV_PROJECT": "/gone",
        "UV_SYSTEM_PYTHON": "1",
        "UV_VENV_SEED": "1",
    },
    "environments": {
        "VIRTUAL_ENV": "/gone",
        "CONDA_PREFIX": "/gone",
        "CONDA_EXE": "/gone/bin/conda",
        "CONDA_DEFAULT_ENV": "gone",
        "CONDA_SHLVL": "7",
        "CONDARC": "/gone",
    },
    "loader": {"LD_LIBRARY_PATH": "/gone::gone", "LD_PRELOAD": "/gone.so"},
    "shell": {
        "BASH_ENV": "{poison}/json.py",
        "ENV": "{poison}/json.py",
        "CDPATH": "/tmp:/",
        "GREP_OPTIONS": "--color=always",
        "POSIXLY_CORRECT": "1",
        "IFS": "/",
        "GZIP": "-9",
        "FORCE_COLOR": "1",
        "COLUMNS": "1",
        "TZ": "Nowhere/Land",
        "TERM": "dumb",
        "TMPDIR": "/gone",
    },
}  # fmt: skip
LOCALES = ("POSIX", "zh_CN.GBK", "zh_CN.GBK installed")


@pytest.fixture(scope="module")
def whole(world: World) -> dict[str, str]:
    """What setup leaves in surroundings that are as they should be."""
    world.forget()
    said = world.run()
    assert said.code == 0, said.text
    return state(world)


@pytest.fixture(scope="module")
def poison(world: World) -> Path:
    """A folder of a project that has nothing to do with ours, and would spoil whatever takes it for its own."""
    folder = world.root / "project"
    folder.mkdir()
    for name in ("json", "ssl", "click", "msgspec", "encodings", "sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text("raise SystemExit('poisoned')\n")
    (folder / "uv.toml").write_text('index-url = "http://127.0.0.1:9/simple"\n[pip]\nno-binary = [":all:"]\n')
    (folder / "pyproject.toml").write_text("broken [")
    (folder / ".python-version").write_text("2.7\n")
    return folder


def ends_the_same(
    world: World, whole: Mapping[str, str], more: Environ | None = None, through: Sequence[str] = ()
) -> None:
    world.forget()
    said = world.run(more=more, through=through)
    assert said.code == 0, said.text
    assert "Ready." in said.out or "就绪" in said.out
    assert not (other := differences(dict(whole), state(world))), other
    assert strays(world) == []


def nonsense(poison: Path, *kinds: str) -> dict[str, str]:
    chosen = [pair for kind in kinds for pair in NONSENSE[kind].items()]
    return {name: text.format(poison=poison) for name, text in chosen}


@pytest.mark.parametrize("kinds", ["pip uv", "python environments loader shell"])
def test_what_is_said_to_other_programs_is_not_said_to_ours(
    world: World, whole: Mapping[str, str], poison: Path, kinds: str
) -> None:
    ends_the_same(world, whole, nonsense(poison, *kinds.split()))


def test_the_folder_where_the_person_stands_is_another_project(
    world: World, whole: Mapping[str, str], poison: Path
) -> None:
    ends_the_same(world, whole, through=("env", "-C", str(poison)))


@pytest.fixture(scope="module")
def locales(world: World) -> Path:
    """Where the GBK locale of China is installed, for those who are told so."""
    folder = world.root / "locales"
    folder.mkdir()
    made = ["localedef", "-i", "zh_CN", "-f", "GBK", "--no-archive", str(folder / "zh_CN.GBK")]
    if not shutil.which("localedef") or subprocess.run(made, capture_output=True, check=False).returncode:
        missing("root", "no localedef with its tables; as root: apt-get install locales")
    return folder


@pytest.mark.parametrize("name", LOCALES)
def test_any_locale(
    world: World, whole: Mapping[str, str], name: str, request: pytest.FixtureRequest
) -> None:
    locale, _, installed = name.partition(" ")
    more = {"LOCPATH": str(request.getfixturevalue("locales"))} if installed else {}
    ends_the_same(world, whole, {"LANG": locale, "LC_ALL": locale, **more})


def test_the_first_step_of_all_in_all_of_it(world: World, poison: Path, locales: Path) -> None:
    """Stage 0: uv, a Python and our own packages. pip's words count here, for it knows the way to them."""
    world.forget(stage0=True)
    gbk = {"LC_ALL": "zh_CN.GBK", "LOCPATH": str(locales), "PYTHONHOME": "/gone"}
    odd = nonsense(poison, "python", "uv", "environments", "loader", "shell") | gbk | shared_cache()
    said = world.run(more={**odd, "GROUNDWORK_STAGE0_ONLY": "1"}, through=("env", "-C", str(poison)))
    assert said.code == 0, said.text
    assert world.run("doctor", "--list").code == 0


@pytest.mark.parametrize("mask", ["077", "000"])
def test_any_umask(world: World, whole: Mapping[str, str], mask: str) -> None:
    """Nobody else may write what is run later; what was shut to others stays shut."""
    world.forget()
    said = world.run(through=("sh", "-c", f'umask {mask} && exec "$@"', "sh"))
    assert said.code == 0, said.text
    found = {name: path.lstat().st_mode for name, path in files(world).items() if not path.is_symlink()}
    assert found.keys() == {name for name, seen in whole.items() if not seen.startswith("->")} | {
        name for name, path in files(world).items() if is_of_one_run(path) and not path.is_symlink()
    }
    written = [n for n, mode in found.items() if mode & 0o022 and not n.endswith("/.lock")]  # uv's, and empty
    entered = [n for n, mode in found.items() if stat.S_ISDIR(mode) and mode & 0o077]
    assert written == []
    assert mask == "000" or entered == []


def test_a_short_path_and_exported_functions(world: World) -> None:
    """The sh of some systems is bash, and takes functions from the environment."""
    world.forget()
    odd = {"BASH_FUNC_cd%%": "() { echo no; false; }", "BASH_FUNC_printf%%": "() { false; }"}
    as_bash = ("bash", "-c", 'shift && exec bash "$@"', "sh")
    said = world.run(more={"PATH": "/usr/bin:/bin", "SHELLOPTS": "nounset", **odd}, through=as_bash)
    assert said.code == 0, said.text


# --- whose home --------------------------------------------------------------------------------------


@pytest.fixture
def root() -> None:
    if os.geteuid() != 0:
        missing("root", "mounts and other users need root")


@pytest.mark.usefixtures("root")
def test_without_home_the_user_database_knows_it(world: World, whole: Mapping[str, str]) -> None:
    passwd = world.root / "passwd"
    passwd.write_text(f"root:x:0:0:root:{world.home}:/bin/sh\n")
    mounted = f'mount --bind "{passwd}" /etc/passwd && unset HOME && exec "$@"'
    ends_the_same(world, whole, through=("unshare", "-m", "sh", "-c", mounted, "sh"))


@pytest.mark.parametrize(
    ("home", "said_en", "said_zh"),
    [
        (b"/dev/null", "cannot be written. Choose another folder: GROUNDWORK_HOME=", "无法写入"),
        (b"/proc", "cannot be written. Choose another folder: GROUNDWORK_HOME=", "无法写入"),
        (b"{root}/\xd6\xd0\xce\xc4", "holds bytes that are not UTF-8", "含有非 UTF-8 字节"),
    ],
)
def test_a_home_that_cannot_be_used(world: World, home: bytes, said_en: str, said_zh: str) -> None:
    place = os.fsdecode(home.replace(b"{root}", os.fsencode(world.root)))
    for lang, words in (("C.UTF-8", said_en), ("zh_CN.UTF-8", said_zh)):
        said = world.run(more={"HOME": place, "LANG": lang})
        assert (said.code, said.err.count("\n")) == (2, 1), said.text
        assert words in said.err
    assert not os.path.lexists(place) or place in ("/dev/null", "/proc")


def test_a_folder_whose_name_is_not_utf8(world: World) -> None:
    world.forget()
    odd = os.fsdecode(os.fsencode(world.root) + b"/\xd6\xd0")
    Path(odd).mkdir(exist_ok=True)
    said = world.run(more={"ROOT_DIR": odd})
    assert said.code == 2, said.text
    assert "ROOT_DIR=" in said.err
    assert "not UTF-8" in said.err
    assert world.run("doctor", "--offline", more={"OLD_TOKEN": f"{odd}-of-another-time"[1:]}).code != 3


@pytest.mark.usefixtures("root")
def test_through_sudo_nothing_in_the_persons_checkout_becomes_roots(world: World) -> None:
    world.forget()
    for path in (world.checkout, *world.checkout.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    said = world.run(more={"SUDO_UID": str(NOBODY), "SUDO_USER": "student"})
    assert said.code == 0, said.text
    assert f"all goes into {world.ours}, for root. For student: make setup, without sudo" in said.err
    roots = [path for path in world.checkout.rglob("*") if path.lstat().st_uid == 0]
    assert roots == []


@pytest.mark.usefixtures("root")
def test_through_sudo_with_the_persons_home(world: World) -> None:
    """`sudo -E`, or a sudo that keeps HOME: what root makes there its owner could never change."""
    world.forget()
    before = state(world)
    os.chown(world.home, NOBODY, NOBODY)
    said = world.run(more={"SUDO_UID": str(NOBODY), "SUDO_USER": "student"})
    os.chown(world.home, 0, 0)
    assert said.code == 2, said.text
    assert "For student: make setup (without sudo) · for root: sudo -H make setup" in said.err
    assert state(world) == before


# --- where the checkout and the clock are ------------------------------------------------------------


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("option", ["ro", "noexec"])
def test_a_checkout_that_cannot_be_written_or_run(
    world: World, whole: Mapping[str, str], option: str
) -> None:
    mounted = f'mount --bind "{world.checkout}" "{world.checkout}" && mount -o remount,bind,{option} "{world.checkout}"'
    ends_the_same(world, whole, through=("unshare", "-m", "sh", "-ec", f'{mounted}\nexec "$@"', "sh"))


def test_a_clock_that_is_years_behind(world: World, whole: Mapping[str, str]) -> None:
    fake = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if fake is None:
        missing("root", "no libfaketime; as root: apt-get install libfaketime")
    world.forget()
    before = state(world)
    for lang, words in (
        ("C.UTF-8", "clock is about 2400 days behind"),
        ("zh_CN.UTF-8", "系统时钟慢了约 2400 天"),
    ):
        said = world.run(more={"LD_PRELOAD": str(fake), "FAKETIME": "-2400d", "LANG": lang})
        assert said.code == 4, said.text
        assert words in said.err
        assert "timedatectl set-ntp true" in said.err
    assert state(world) == before
    ends_the_same(world, whole)


def test_a_clock_that_is_behind_is_told_by_the_first_step_of_all(world: World) -> None:
    """There it spoils the first download, of which the error would speak of certificates."""
    world.forget(stage0=True)
    cloned = world.checkout / "configs/locks/tool.txt"
    now = cloned.stat()
    os.utime(cloned, (now.st_atime, time.time() + 86_400))
    said = world.run(more={**shared_cache(), "GROUNDWORK_STAGE0_ONLY": "1"})
    os.utime(cloned, (now.st_atime, now.st_mtime))
    assert said.code == 0, said.text
    assert "This machine's clock is behind (" in said.err


# --- who listens -------------------------------------------------------------------------------------


def test_nobody_listens_or_only_a_program_does(world: World, whole: Mapping[str, str]) -> None:
    ends = 'exec "$@" <&- >"$0" 2>&-'
    world.forget()
    said = world.run("setup", "--json", through=("sh", "-c", ends, str(world.root / "told")))
    assert said.code == 0, said.text
    assert json.loads((world.root / "told").read_bytes())["exit_code"] == 0
    assert not (other := differences(dict(whole), state(world))), other
