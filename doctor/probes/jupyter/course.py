"""The JupyterLab that setup makes: kernelspec, our configuration, the server's process, who holds its port."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from doctor.facts import Jupyter, Kernelspec
from doctor.goal import Goal
from doctor.hub_env import recorded_endpoint
from doctor.lab.certificate import look_at_certificate
from doctor.lab.files import hash_of, last_lines, mode_of, read_json, settings_of
from doctor.lab.process import ended_pid, log_path, port_owner, running_server
from doctor.lab.proof import read_proof
from doctor.lab.sockets import Listening
from doctor.lab.wanted import config_path, kernel_folder, lab_config_path
from doctor.reading.peek import is_file


def look(goal: Goal, sockets: Sequence[Listening]) -> Jupyter:
    config = Path(config_path(goal))
    password = Path(goal.jupyter_dir) / "password"
    server = running_server(goal)
    return Jupyter(
        kernelspec=read_kernelspec(Path(kernel_folder(goal)) / "kernel.json"),
        config_path=str(config),
        config_mode=mode_of(config),
        config=settings_of(config) | settings_of(Path(lab_config_path(goal))),
        has_password=bool(hash_of(config)) and is_file(password),
        password_mode=mode_of(password),
        as_root=os.geteuid() == 0,
        hub_endpoint=recorded_endpoint(goal),
        person_configs=(),
        server=server,
        ended_pid=None if server else ended_pid(goal),
        port_owner=port_owner(goal, server.pid if server else None, sockets),
        last_log_lines=last_lines(log_path(goal)),
        proof=read_proof(goal),
        certificate=look_at_certificate(goal) if goal.tls else None,
    )


def read_kernelspec(path: Path) -> Kernelspec | None:
    """The kernelspec, None when it is absent or no kernelspec (its writing was cut short)."""
    spec = read_json(path)
    argv = spec.get("argv")
    if not isinstance(argv, list) or not argv:
        return None
    interpreter = str(argv[0])
    return Kernelspec(
        path=str(path),
        display_name=str(spec.get("display_name", "")),
        interpreter=interpreter,
        # A bare name means whatever PATH says at the time: no interpreter that can be looked at.
        interpreter_exists=not interpreter.startswith("/") or os.access(interpreter, os.X_OK),
        env={str(name): str(value) for name, value in dict(spec.get("env") or {}).items()},
    )
