"""What the goal means for JupyterLab: kernelspec and server settings. Compared by checks, written by steps."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from doctor.facts import JupyterServer
from doctor.goal import Goal
from doctor.hub_env import hub_environment

KERNEL = "python3"  # the name that notebooks ask for, so that ours is the one they get
Setting = str | int | bool | None


def kernel_folder(goal: Goal) -> str:
    """Where the kernelspec lives: in the environment that we made, but never in an interpreter that was there."""
    share = f"{goal.jupyter_dir}/share" if goal.manager == "system" else f"{goal.prefix}/share"
    return f"{share}/jupyter/kernels/{KERNEL}"


def kernel_title(goal: Goal) -> str:
    return f"Python {goal.python} ({goal.env_name})"


def kernel_env(goal: Goal, recorded: str | None) -> dict[str, str]:
    """The variables of a kernel. ${PATH} is filled in by Jupyter when it starts one."""
    folder = goal.interpreter.rpartition("/")[0]
    return {"PATH": f"{folder}:${{PATH}}", **hub_environment(goal, recorded)}


def config_path(goal: Goal) -> str:
    return f"{goal.jupyter_dir}/jupyter_server_config.json"


UNIT_VARIABLE = (
    "GROUNDWORK_UNIT"  # a server that systemd started has it: control groups are not the same everywhere
)


def unit_name(goal: Goal) -> str:
    """Of the user service that systemd keeps the server up with, where the person asked for one."""
    return f"groundwork-{goal.env_name}.service"


def is_loopback(ip: str) -> bool:
    """Whether a server on this address can be reached from this machine alone."""
    if ip in ("localhost", "*", ""):
        return ip == "localhost"
    return ipaddress.ip_address(ip).is_loopback


def bind_address(ip: str) -> str:
    """The address as the server takes it: the empty one is every address, IPv6 included.

    A name would have to be resolved, and a bare container may not know even localhost.
    """
    return {"*": "", "localhost": "127.0.0.1"}.get(ip, ip)


def local_address(ip: str) -> str:
    """Where this machine itself reaches a server that listens on `ip`, as the server has it."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(ip, ip)


def local_url(settings: Mapping[str, Setting]) -> str:
    """The same as an address for a client, of a server that runs with these settings."""
    host = local_address(str(settings.get("ServerApp.ip") or ""))
    scheme = "https" if settings.get("ServerApp.certfile") else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.get('ServerApp.port')}"


def server_settings(goal: Goal, as_root: bool) -> dict[str, Setting]:
    """Our settings, `Class.trait` by value.

    What guards the door is said even where it is the default, so that no configuration of lower precedence
    (/etc/jupyter, the environment's) can open it.
    """
    return {
        "ServerApp.ip": bind_address(goal.ip),
        "ServerApp.port": goal.port,
        "ServerApp.port_retries": 0,  # a taken port is an error, never silently another address
        "ServerApp.sock": "",
        "ServerApp.certfile": goal.tls.certificate if goal.tls else "",
        "ServerApp.keyfile": goal.tls.key if goal.tls else "",
        "ServerApp.base_url": "/",
        "ServerApp.root_dir": goal.root_dir,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": as_root,
        "ServerApp.allow_remote_access": not is_loopback(goal.ip),
        "ServerApp.allow_origin": "",
        "ServerApp.allow_credentials": False,
        "ServerApp.allow_unauthenticated_access": False,
        "ServerApp.disable_check_xsrf": False,
        "ServerApp.authenticate_prometheus": True,
        "ServerApp.identity_provider_class": "jupyter_server.auth.identity.PasswordIdentityProvider",
        # No token beside the password: it would stand in runtime files and in the log.
        "PasswordIdentityProvider.token": "",
        "PasswordIdentityProvider.password_required": True,
        "PasswordIdentityProvider.allow_password_change": False,
    }


SHOWN_SETTINGS = ("ServerApp.ip", "ServerApp.port", "ServerApp.root_dir")


def is_as_wanted(server: JupyterServer, goal: Goal) -> bool:
    """Whether a running server can stay. A missing watcher is no reason to end its kernels; another keeper is."""
    wanted = server_settings(goal, as_root=False)  # which has no part in those that are compared
    same = all(server.settings.get(name) == wanted[name] for name in SHOWN_SETTINGS)
    return (
        same and server.config_is_current and (server.kept_up_by == "systemd") == (goal.keep_up == "systemd")
    )


def lab_config_path(goal: Goal) -> str:
    """Where JupyterLab looks for other defaults of what its menus set. What the person sets there wins."""
    return f"{goal.jupyter_dir}/labconfig/default_setting_overrides.json"


def lab_settings() -> dict[str, Setting]:
    """No question about news over the notebooks, and no request to anybody when the page opens."""
    plugin = "@jupyterlab/apputils-extension:notification"
    return {f"{plugin}.fetchNews": "false", f"{plugin}.checkForUpdates": False}
