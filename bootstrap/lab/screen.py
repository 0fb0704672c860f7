"""What a person is told about getting in: address, ssh tunnel for this very machine and user, password file."""

from __future__ import annotations

import ipaddress
import os
import pwd
import socket
import sys
from collections.abc import Mapping

from bootstrap.lab.password import password_path, show_once
from bootstrap.lab.systemd import lingers
from doctor.facts import Facts, Host, Jupyter
from doctor.goal import Goal
from doctor.lab.wanted import is_loopback
from doctor.text import Lang, Text, both


def screen(goal: Goal, facts: Facts, lang: Lang, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Lines for the end of setup, and for `lab`."""
    host, ssh_port = ssh_address(facts, environ)
    scheme, ip, port = listening(goal, facts)
    reach = (
        _by_tunnel(port, host, ssh_port, scheme) if is_loopback(ip) else _by_network(scheme, ip, port, host)
    )
    lines = (*reach, *_certificate(goal, facts), *_kept_up(goal), _password(goal))
    return [text.get(lang) for text in lines]


def _password(goal: Goal) -> Text:
    """In clear once, on a terminal; a log that others may read is told where it is."""
    made = show_once(goal) if sys.stdout.isatty() else None
    path = password_path(goal)
    if made:
        return Text(
            f"  password:  {made}   (shown this once; kept in {path})",
            f"  密码：{made}（仅显示这一次；保存在 {path}）",
        )
    return Text(f"  password: in {path}", f"  密码：在 {path}")


def _certificate(goal: Goal, facts: Facts) -> tuple[Text, ...]:
    seen = facts.jupyter.certificate if isinstance(facts.jupyter, Jupyter) else None
    if not goal.tls or not goal.tls.own or not seen or not seen.fingerprint:
        return ()
    return (
        Text(
            "  Your browser warns once: nobody vouches for a self-signed certificate. Go on if its SHA-256 fingerprint is",
            "  浏览器会提示一次：自签名证书没有机构担保。若其 SHA-256 指纹如下，请继续：",
        ),
        both(f"    {seen.fingerprint}"),
    )


def _kept_up(goal: Goal) -> tuple[Text, ...]:
    if goal.keep_up != "systemd" or lingers():
        return ()
    return (
        Text(
            "  systemd ends it with your last login. To keep it, and have it start at boot:  loginctl enable-linger",
            "  最后一次登录结束后 systemd 会停止它。要保持运行并随开机启动：loginctl enable-linger",
        ),
    )


def listening(goal: Goal, facts: Facts) -> tuple[str, str, int]:
    """The scheme, address and port of the server that runs, which may not be those of the goal; else the goal's."""
    server = facts.jupyter.server if isinstance(facts.jupyter, Jupyter) else None
    settings = server.settings if server else {}
    ip, port = settings.get("ServerApp.ip", goal.ip), settings.get("ServerApp.port", goal.port)
    tls = settings.get("ServerApp.certfile") if settings else goal.tls
    return "https" if tls else "http", str(ip), port if isinstance(port, int) else goal.port


def ssh_address(facts: Facts, environ: Mapping[str, str]) -> tuple[str, int]:
    """The address and port that this person's ssh came in by; else the host's name, and 22."""
    fields = environ.get("SSH_CONNECTION", "").split()
    if len(fields) == 4 and fields[3].isdecimal():
        return fields[2], int(fields[3])
    return (facts.host.name if isinstance(facts.host, Host) else socket.gethostname()), 22


def _by_tunnel(port: int, host: str, ssh_port: int, scheme: str) -> tuple[Text, ...]:
    option = f" -p {ssh_port}" if ssh_port != 22 else ""
    tunnel = f"ssh -N -L {port}:localhost:{port}{option} {pwd.getpwuid(os.geteuid()).pw_name}@{host}"
    url = f"{scheme}://localhost:{port}/lab"
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


def _by_network(scheme: str, ip: str, port: int, host: str) -> tuple[Text, ...]:
    """What is exposed is said: on every address, who can try the password, and whether the line is open to read."""
    everywhere = ip in ("", "*", "0.0.0.0", "::")
    url = f"{scheme}://{_bracketed(host if everywhere else ip)}:{port}/lab"
    where = Text(
        f"JupyterLab listens on {'every address of this machine' if everywhere else ip}:  {url}",
        f"JupyterLab 监听{'本机的所有地址' if everywhere else f' {ip}'}：{url}",
    )
    if scheme == "https":
        return (
            where,
            Text(
                "  Everybody who reaches this machine can try the password; the traffic is encrypted.",
                "  任何能访问本机的人都可以尝试密码；流量已加密。",
            ),
        )
    return (
        where,
        Text(
            "  Everybody who reaches this machine can try the password, and the traffic is not encrypted.",
            "  任何能访问本机的人都可以尝试密码，且流量未加密。",
        ),
        Text(
            "  Safer: make setup IP=localhost and the ssh tunnel that it prints, or make setup TLS=self-signed.",
            "  更安全：make setup IP=localhost 并使用它显示的 ssh 隧道，或 make setup TLS=self-signed。",
        ),
    )


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
