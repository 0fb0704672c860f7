"""What a person is told about getting in: address, ssh tunnel for this very machine and user, password file."""

from __future__ import annotations

import ipaddress
import os
import pwd
import socket
from collections.abc import Mapping

from bootstrap.lab.password import password_path
from doctor.facts import Facts, Host, Jupyter
from doctor.goal import Goal
from doctor.lab.wanted import is_loopback
from doctor.text import Lang, Text


def screen(goal: Goal, facts: Facts, lang: Lang, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Lines for the end of setup, and for `lab`."""
    host, ssh_port = ssh_address(facts, environ)
    ip, port = listening(goal, facts)
    reach = _by_tunnel(port, host, ssh_port) if is_loopback(ip) else _by_network(ip, port, host)
    password = Text(f"  password: in {password_path(goal)}", f"  密码：在 {password_path(goal)}")
    return [text.get(lang) for text in (*reach, password)]


def listening(goal: Goal, facts: Facts) -> tuple[str, int]:
    """The address and port of the server that runs, which may not be those of the goal; else the goal's."""
    server = facts.jupyter.server if isinstance(facts.jupyter, Jupyter) else None
    settings = server.settings if server else {}
    ip, port = settings.get("ServerApp.ip", goal.ip), settings.get("ServerApp.port", goal.port)
    return str(ip), port if isinstance(port, int) else goal.port


def ssh_address(facts: Facts, environ: Mapping[str, str]) -> tuple[str, int]:
    """The address and port that this person's ssh came in by; else the host's name, and 22."""
    fields = environ.get("SSH_CONNECTION", "").split()
    if len(fields) == 4 and fields[3].isdecimal():
        return fields[2], int(fields[3])
    return (facts.host.name if isinstance(facts.host, Host) else socket.gethostname()), 22


def _by_tunnel(port: int, host: str, ssh_port: int) -> tuple[Text, ...]:
    option = f" -p {ssh_port}" if ssh_port != 22 else ""
    tunnel = f"ssh -N -L {port}:localhost:{port}{option} {pwd.getpwuid(os.geteuid()).pw_name}@{host}"
    url = f"http://localhost:{port}/lab"
    return (
        Text("JupyterLab listens on this machine alone.", "JupyterLab 只在本机监听。"),
        Text(f"  on your own computer, run:  {tunnel}", f"  在你自己的电脑上运行：{tunnel}"),
        _hint(host, option),
        Text(f"  and open:  {url}", f"  然后打开：{url}"),
    )


def _hint(host: str, option: str) -> Text:
    """Rented machines often sit behind another address than they know of."""
    en, zh = "the address that you log in to with ssh", "你用 ssh 登录时的地址"
    if not option:
        en, zh = f"{en}, and -p PORT if you use another port than 22", f"{zh}；若端口不是 22，请加 -p 端口"
    return Text(f"    ({host}: use {en})", f"    （{host}：请使用{zh}）")


def _by_network(ip: str, port: int, host: str) -> tuple[Text, ...]:
    name = host if ip in ("", "*", "0.0.0.0", "::") else ip
    url = f"http://{_bracketed(name)}:{port}/lab"
    return (
        Text(f"JupyterLab:  {url}", f"JupyterLab：{url}"),
        Text(
            "  Everybody who reaches this machine can try the password, and the traffic is not encrypted.",
            "  任何能访问本机的人都可以尝试密码，且流量未加密。",
        ),
        Text(
            "  Safer: make setup IP=localhost, and the ssh tunnel that it prints.",
            "  更安全：make setup IP=localhost，并使用它显示的 ssh 隧道。",
        ),
    )


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
