"""The settings and flags that several words share, as click's decorators, each told in the person's language."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from doctor.text import Text, pick_lang

LANG = pick_lang()


def say(en: str, zh: str) -> str:
    return Text(en, zh).get(LANG)


SETTINGS = (
    ("--profile", "PROFILE", "what to install", "安装哪个配置"),
    ("--manager", "ENV_MANAGER", "auto, conda, venv or system", "auto、conda、venv 或 system"),
    ("--env-name", "ENV_NAME", "name of the environment", "环境名称"),
    ("--python", "PYTHON", "Python version, such as 3.11", "Python 版本，如 3.11"),
    ("--prefix", "PREFIX", "where Miniconda goes", "Miniconda 的安装位置"),
    ("--cache", "CACHE", "where models go (HF_HOME)", "模型存放位置（HF_HOME）"),
    ("--mirrors", "MIRRORS", "auto, cn, global or off", "auto、cn、global 或 off"),
    (
        "--models",
        "MODELS",
        "all, none, sets or ids: lecture-1,t5-small",
        "all、none、集合或模型名：lecture-1,t5-small",
    ),
    ("--ip", "IP", "address that JupyterLab listens on", "JupyterLab 监听地址"),
    ("--port", "PORT", "port of JupyterLab", "JupyterLab 端口"),
    (
        "--tls",
        "TLS",
        "off, self-signed, or CERTIFICATE,KEY (files)",
        "off、self-signed，或 证书,密钥（文件）",
    ),
    (
        "--keep-up",
        "KEEP_UP",
        "who starts JupyterLab again when it ends: no, watch or systemd",
        "JupyterLab 退出后由谁重启：no、watch 或 systemd",
    ),
    ("--root-dir", "ROOT_DIR", "folder that JupyterLab shows", "JupyterLab 显示的文件夹"),
)


TARGET = (
    "--target",
    "TARGET",
    "an environment of yours: its folder or Python",
    "你自己的环境：文件夹或 Python",
)


def with_settings(
    command: Callable[..., Any], names: tuple[tuple[str, ...], ...] = SETTINGS
) -> Callable[..., Any]:
    """Give a command the settings as flags; it receives them as one mapping `flags`."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        flags = {name: kwargs.pop(name) for _, name, _, _ in names}
        return command(*args, flags=flags, **kwargs)

    for flag, name, en, zh in reversed(names):
        wrapped = click.option(flag, name, metavar=name, help=say(en, zh))(wrapped)
    return wrapped


def with_target(command: Callable[..., Any]) -> Callable[..., Any]:
    """The settings, and the environment to look at: one that the person made."""
    return with_settings(command, (TARGET, *SETTINGS))


def with_colab_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Those that mean something where there is no environment to make and no JupyterLab to start."""
    return with_settings(
        command, tuple(s for s in SETTINGS if s[1] in ("PROFILE", "CACHE", "MIRRORS", "MODELS"))
    )


def ask_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = say("ask for JupyterLab's password at the terminal", "在终端询问 JupyterLab 密码")
    return click.option("--ask-password", "ask", is_flag=True, help=text)(command)


def secrets(ask: bool = False) -> dict[str, str]:
    from bootstrap.lab import given

    return given.secrets(LANG, ask=ask)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = say("nothing but JSON on standard output", "标准输出只有 JSON")
    return click.option("--json", "as_json", is_flag=True, help=text)(command)


FILE = click.Path(path_type=Path, dir_okay=False)


def plan_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = say("show what would be done, change nothing", "只显示将要做什么，不作更改")
    return click.option("--plan", "plan_only", is_flag=True, help=text)(command)


def offline_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = say("do not ask which source has the build of torch", "不查询哪个来源提供该 torch 版本")
    return click.option("--offline", is_flag=True, help=text)(command)
