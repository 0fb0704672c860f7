"""What the stand-in's `python -m conda` does: the parts of conda's command line that this project uses.

Copied into the installer's payload as conda/__main__.py. It keeps conda's manners that matter: `create -y` deletes an
environment that exists, the default channels ask for terms to be accepted, and errors end with code 1.
"""

import argparse
import json
import os
import shutil
import sys
import urllib.request
from pathlib import Path

VERSION = "26.5.3"
CI = ("CI", "GITHUB_ACTIONS", "CONDA_PLUGINS_AUTO_ACCEPT_TOS")
CI_IN_CONTAINER = ("JOB_NAME", "WORKSPACE", "BUILD_ID")


def main() -> int:
    parser = argparse.ArgumentParser(prog="conda")
    parser.add_argument("--version", action="version", version=f"conda {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("create", "install"):
        command = commands.add_parser(name)
        command.add_argument("-y", action="store_true")
        command.add_argument("-p", "--prefix", required=True)
        command.add_argument("-c", "--channel", action="append", default=[])
        command.add_argument("--override-channels", action="store_true")
        command.add_argument("--no-default-packages", action="store_true")
        command.add_argument("--no-pin", action="store_true")
        command.add_argument("packages", nargs="*")
    commands.add_parser("info").add_argument("--json", action="store_true")
    commands.add_parser("env").add_argument("what", choices=["list"])
    wanted = parser.parse_args()
    return {"create": run_create, "install": run_install, "info": run_info, "env": run_env}[wanted.command](
        wanted
    )


def accepted() -> bool:
    said = any(os.environ.get(name, "").lower() in ("1", "true", "yes") for name in CI)
    return said or any(os.environ.get(name) for name in CI_IN_CONTAINER)


def run_create(wanted: argparse.Namespace) -> int:
    settings = Path.home() / ".condarc"
    if settings.is_file() and "maybe" in settings.read_text():
        print(f"CustomValidationError: Parameter always_copy = 'maybe' declared in {settings} is invalid.")
        return 1
    if accepted():
        print("terms of service: accepted automatically")
    if not wanted.override_channels and not accepted():
        print("CondaToSNonInteractiveError: Terms of Service have not been accepted", file=sys.stderr)
        return 1
    if " " in wanted.prefix:
        print("CondaValueError: Environment paths cannot contain spaces.", file=sys.stderr)
        return 1
    prefix = Path(wanted.prefix)
    if wanted.y and prefix.exists():
        shutil.rmtree(prefix)
    (prefix / "conda-meta").mkdir(parents=True)
    try:
        channels = [repodata(channel) for channel in wanted.channel]
        for package in wanted.packages:
            link(package, prefix, channels)
    except (OSError, ValueError, LookupError) as error:
        shutil.rmtree(prefix)
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    (prefix / "conda-meta" / "history").write_text("==> create <==\n")
    print("done")
    return 0


def run_install(wanted: argparse.Namespace) -> int:
    prefix = Path(wanted.prefix)
    if not (prefix / "conda-meta" / "history").is_file():
        print(f"EnvironmentLocationNotFound: Not a conda environment: {prefix}", file=sys.stderr)
        return 1
    if not wanted.override_channels and not accepted():
        print("CondaToSNonInteractiveError: Terms of Service have not been accepted", file=sys.stderr)
        return 1
    try:
        channels = [repodata(channel) for channel in wanted.channel]
        for package in wanted.packages:
            link(package, prefix, channels)
    except (OSError, ValueError, LookupError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def repodata(channel: str) -> dict[str, dict[str, str]]:
    found = {}
    for subdir in ("noarch", "linux-64"):
        with urllib.request.urlopen(f"{channel}/{subdir}/repodata.json", timeout=10) as reply:
            found.update(json.load(reply)["packages"])
    return found


def link(spec: str, prefix: Path, channels: list[dict[str, dict[str, str]]]) -> None:
    name, _, version = spec.partition("=")
    files = [f for channel in channels for f, entry in channel.items() if matches(entry, name, version)]
    if not files:
        raise LookupError(f"PackagesNotFoundInChannelsError: {spec}")
    (prefix / "conda-meta" / f"{files[-1]}.json").write_text(json.dumps({"name": name}))
    if name == "ffmpeg":
        (prefix / "bin" / "ffmpeg").write_text("#!/bin/sh\necho ffmpeg version 7.1-conda\n")
        (prefix / "bin" / "ffmpeg").chmod(0o755)
    if name == "python":
        (prefix / "bin").mkdir()
        (prefix / "bin" / "python").symlink_to(real())
        (prefix / "pyvenv.cfg").write_text(f"home = {real().parent}\n")
        library = prefix / "lib" / f"python{version}"
        library.mkdir(parents=True)
        (library / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=conda-pypi\n")


def matches(entry: dict[str, str], name: str, version: str) -> bool:
    return entry["name"] == name and f"{entry['version']}.".startswith(f"{version}." if version else "")


def real() -> Path:
    return Path(os.path.realpath(sys.executable))


def run_info(wanted: argparse.Namespace) -> int:
    print(json.dumps({"conda_version": VERSION, "root_prefix": sys.prefix}))
    return 0


def run_env(wanted: argparse.Namespace) -> int:
    folder = Path(sys.prefix) / "envs"
    for prefix in sorted(folder.iterdir()) if folder.is_dir() else []:
        if (prefix / "conda-meta" / "history").is_file():
            print(f"{prefix.name}  {prefix}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
