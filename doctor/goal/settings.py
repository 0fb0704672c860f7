"""Settings into a Goal. Precedence: flag, environment or make variable, last setup, profile, default."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar, get_args

import msgspec

from doctor.errors import Trouble, bad_input
from doctor.facts import Unknown
from doctor.goal import Goal, KeepUp, Manager, MirrorPolicy, System
from doctor.goal.model_sets import chosen
from doctor.goal.prefix import LONGEST, unfit
from doctor.goal.profile import Profile, load_profile
from doctor.goal.remembered import path_in
from doctor.goal.remembered import read as read_remembered
from doctor.goal.target import target_at
from doctor.goal.tls import tls_of
from doctor.mirrors.table import load_mirrors
from doctor.near import nearest
from doctor.reading.ask import APART, ask
from doctor.reading.peek import is_folder, is_there
from doctor.text import Text

Word = TypeVar("Word", bound=str)
MANAGERS: tuple[Manager, ...] = get_args(Manager)
KEPT_UP: tuple[KeepUp, ...] = get_args(KeepUp)
POLICIES: tuple[MirrorPolicy, ...] = get_args(MirrorPolicy)
DEFAULT_PROFILE = "llm-quickstart"
NAMES = (
    "PROFILE",
    "ENV_MANAGER",
    "ENV_NAME",
    "PYTHON",
    "CACHE",
    "HF_ENDPOINT",
    "MIRRORS",
    "MODELS",
    "IP",
    "PORT",
    "PASSWORD",
    "PASSWORD_FILE",
    "TLS",
    "KEEP_UP",
    "ROOT_DIR",
    "PREFIX",
    "TARGET",
    "ARGS",
    "GROUNDWORK_HOME",
    "GROUNDWORK_LANG",
    "GROUNDWORK_MIRRORS_FILE",
)


def resolve(
    flags: Mapping[str, str | None], environ: Mapping[str, str] = os.environ, *, changes: bool = True
) -> Goal:
    """The goal of this run. `flags` are by setting name and win over `environ`.

    Raises Trouble (exit 2) that names the setting, what is wrong with it and what would be right.
    Where nothing is to be changed, what is wrong with the machine or with the Hub's own variables is not
    refused: it is what the doctor is asked for, and a finding.
    """
    check_make_variables(environ)
    if environ.get("GROUNDWORK_MIRRORS_FILE"):
        load_mirrors(environ)  # a mistake in it is bad input, and told before anything is touched
    home = groundwork_home(environ)
    known = read_remembered(home)
    values = {name: flags.get(name) or environ.get(name) or None for name in NAMES}
    if "TARGET" not in flags:  # a common name: only the words that know it may take it from the environment
        values["TARGET"] = None
    values["CACHE"] = values["CACHE"] or environ.get("HF_HOME")
    profile = load_profile(values["PROFILE"] or known.profile or DEFAULT_PROFILE)
    before = known.settings.get(profile.name, {})
    kept = {name for name, value in values.items() if not value and before.get(name)}
    values = {name: value or before.get(name) for name, value in values.items()}
    try:
        return _goal(values, profile, home, environ, changes)
    except Trouble as trouble:
        if any(f"{name}=" in trouble.message.en for name in kept):
            raise Trouble(trouble.message, trouble.code, _remembered_in(home)) from trouble
        raise


def _remembered_in(home: str) -> Text:
    """A setting that nobody typed now may be one that was right when it was kept: a folder that is gone, say."""
    return Text(
        f"a setting that was not given now is the last setup's: give it anew, or remove {path_in(home)}",
        f"这次没有给出的设置沿用上次安装的值：请重新给出，或删除 {path_in(home)}",
    )


def _goal(
    values: Mapping[str, str | None], profile: Profile, home: str, environ: Mapping[str, str], changes: bool
) -> Goal:
    manager = _choice("ENV_MANAGER", values["ENV_MANAGER"], MANAGERS, "auto")
    target = target_at(values["TARGET"]) if values["TARGET"] else None
    manager = "system" if target else manager
    models, extras = chosen(profile, values["MODELS"] or "all")
    goal = Goal(
        profile=profile,
        home=home,
        manager=manager,
        env_name=_env_name(values["ENV_NAME"] or profile.name),
        conda_root=_conda_root(values["PREFIX"]),
        system=target or (system_python(environ) if manager == "system" else None),
        python=_choice("PYTHON", values["PYTHON"], profile.pythons, profile.python),
        cache=(_folder if changes else _path)("CACHE", values["CACHE"] or default_cache(environ)),
        endpoint=_endpoint(values["HF_ENDPOINT"]) if changes else _usable_endpoint(values["HF_ENDPOINT"]),
        mirrors=_choice("MIRRORS", values["MIRRORS"], POLICIES, "auto"),
        models=models,
        extras=extras,
        ip=_ip(values["IP"] or profile.jupyter.ip),
        port=_port(values["PORT"] or str(profile.jupyter.port)),
        keep_up=_choice("KEEP_UP", values["KEEP_UP"], KEPT_UP, "no"),
        root_dir=_root_dir(values["ROOT_DIR"]) if changes else _path("ROOT_DIR", values["ROOT_DIR"] or "~"),
    )
    return msgspec.structs.replace(goal, tls=tls_of(values["TLS"], goal, refuse=changes))


def groundwork_home(environ: Mapping[str, str] = os.environ) -> str:
    """GROUNDWORK_HOME, absolute; default `~/.groundwork`."""
    return _path("GROUNDWORK_HOME", environ.get("GROUNDWORK_HOME") or "~/.groundwork")


def check_make_variables(environ: Mapping[str, str]) -> None:
    """Refuse a make variable that is no setting, such as `make setup PROT=9000`."""
    for name in re.findall(r"(?:^|\s)([A-Za-z_]+)=", environ.get("MAKEFLAGS", "").partition("-- ")[2]):
        near = [] if name in NAMES else nearest(name, NAMES)
        if near:  # others, such as PIP_INDEX_URL, are for the programs that we call
            raise bad_input(
                f"unknown make variable {name}. Did you mean {near[0]}?",
                f"未知的 make 变量 {name}。是否想写 {near[0]}？",
            )


def _choice(name: str, value: str | None, allowed: tuple[Word, ...], default: Word) -> Word:
    if value is None:
        return default
    for word in allowed:
        if word == value:
            return word
    near = nearest(value, allowed)
    en = f" Did you mean {near[0]}?" if near else ""
    zh = f"是否想用 {near[0]}？" if near else ""
    known = ", ".join(allowed)
    raise bad_input(
        f"{name}={value} is not known.{en} Use one of: {known}.", f"{name}={value} 无效。{zh}可用：{known}。"
    )


def _port(value: str) -> int:
    if value.isdecimal() and 1 <= int(value) <= 65535:
        return int(value)
    raise bad_input(
        f"PORT={value} is not a port. Use a number from 1 to 65535.",
        f"PORT={value} 不是端口。请用 1 到 65535 的数字。",
    )


def _ip(value: str) -> str:
    if value in ("localhost", "*"):
        return value
    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise bad_input(
            f"IP={value} is not an address. Use localhost, 0.0.0.0, * or an address of this machine.",
            f"IP={value} 不是地址。请用 localhost、0.0.0.0、* 或本机的地址。",
        ) from error


def _env_name(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        return value
    raise bad_input(
        f"ENV_NAME={value} is not a name. Use letters, digits, dot, dash and underscore.",
        f"ENV_NAME={value} 不是名称。请用字母、数字、点、短横线和下划线。",
    )


def _endpoint(value: str | None) -> str | None:
    if value and re.match(r"\w+://[^/\s]*@", value):
        # It would end up in the kernel's file and in saved facts.
        raise bad_input(
            "HF_ENDPOINT holds a password. Leave it out of the address and set HF_TOKEN instead.",
            "HF_ENDPOINT 中含有密码。请从地址中去掉，改用 HF_TOKEN。",
        )
    if value is None or re.fullmatch(r"https?://[^/\s]+(/\S*)?", value):
        return value.rstrip("/") if value else None
    raise bad_input(
        f"HF_ENDPOINT={value} is not a URL. It looks like https://hf-mirror.com",
        f"HF_ENDPOINT={value} 不是网址。应类似 https://hf-mirror.com",
    )


def _usable_endpoint(value: str | None) -> str | None:
    """The endpoint if it is one; what else HF_ENDPOINT may hold is told by the hub's probe."""
    try:
        return _endpoint(value)
    except Trouble:
        return None


def _path(name: str, value: str) -> str:
    """An absolute path. Raises Trouble (exit 2) when it begins with ~ and nobody knows where that is, or is no text."""
    try:
        path = str(Path(value).expanduser().absolute())
        path.encode()
    except UnicodeEncodeError as error:  # made on a machine that wrote names in GBK, say
        shown = path.encode(errors="replace").decode()
        raise bad_input(
            f"{name}={shown} holds bytes that are not UTF-8. Choose a folder whose name is.",
            f"{name}={shown} 含有非 UTF-8 字节。请选择名称为 UTF-8 的文件夹。",
        ) from error
    except RuntimeError as error:
        raise bad_input(
            f"{name}={value}: this user has no home folder. Set HOME first.",
            f"{name}={value}：当前用户没有主目录。请先设置 HOME。",
        ) from error
    return path


def _folder(name: str, value: str) -> str:
    """An absolute path that can be made and written to; nothing is made here."""
    path = Path(_path(name, value))
    existing = next((p for p in (path, *path.parents) if is_there(p)), Path("/"))
    if is_folder(existing) and can_hold_files(existing):
        return str(path)
    raise bad_input(
        f"{name}={value} cannot be written to: {existing} is not a folder that this user may write.",
        f"{name}={value} 不可写：{existing} 不是当前用户可写的文件夹。",
    )


def can_hold_files(folder: Path) -> bool:
    """Whether this user may write there. Root may write anywhere but on read-only mounts and in /proc or /sys."""
    stat = os.statvfs(folder)
    holds_nothing = stat.f_blocks == 0
    return os.access(folder, os.W_OK | os.X_OK) and not stat.f_flag & os.ST_RDONLY and not holds_nothing


def _root_dir(value: str | None) -> str:
    path = Path(_path("ROOT_DIR", value or "~"))
    if is_folder(path):
        return str(path)
    raise bad_input(f"ROOT_DIR={value} is not a folder.", f"ROOT_DIR={value} 不是文件夹。")


def default_conda_root() -> str:
    """Where Miniconda goes when nobody says otherwise, as its installer has it: `~/miniconda3`."""
    return str(Path("~/miniconda3").expanduser().absolute())


def _conda_root(value: str | None) -> str:
    """Miniconda's prefix. What the installer or conda cannot live with is refused when it was asked for."""
    if value is None:
        return default_conda_root()  # judged by the check when conda is really wanted
    path = str(Path(value).expanduser().absolute())
    if unfit(path) is None:
        return path
    raise bad_input(
        f"PREFIX={path}: conda cannot live there. No space, colon or quote, at most {LONGEST} bytes.",
        f"PREFIX={path}：conda 不能安装在此。不能含空格、冒号或引号，最长 {LONGEST} 字节。",
    )


ASK_SYSTEM = (
    "import sys, sysconfig; print(sys.executable, sys.prefix, sysconfig.get_path('purelib'), sep='\\n')"
)


def system_python(environ: Mapping[str, str]) -> System:
    """The first python3 on PATH that runs and is not the one that runs us. Raises Trouble (exit 2)."""
    ours = str(Path(sys.prefix) / "bin")
    for folder in environ.get("PATH", "").split(os.pathsep):
        candidate = Path(folder) / "python3"
        if not folder or folder == ours or not os.access(candidate, os.X_OK):
            continue
        said = ask([str(candidate), *APART, "-c", ASK_SYSTEM], seconds=10)
        if not isinstance(said, Unknown) and said.returncode == 0 and said.stdout.count("\n") == 3:
            executable, prefix, site = said.stdout.splitlines()
            return System(executable, prefix, site)
    raise bad_input(
        "ENV_MANAGER=system: no python3 on PATH runs. Use ENV_MANAGER=venv.",
        "ENV_MANAGER=system：PATH 中没有可运行的 python3。请改用 ENV_MANAGER=venv。",
    )


def default_cache(environ: Mapping[str, str] = os.environ) -> str:
    """Where the Hub's client keeps models when nobody says otherwise, absolute."""
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _path("CACHE", f"{base}/huggingface")
