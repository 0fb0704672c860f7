"""Does the person's configuration say what they think it says?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.jupyter.effective import OLD_FILE, Value, canonical, effective, is_local, of, read_by_lab
from doctor.facts import Facts, Jupyter, Packages, SettingsFile
from doctor.finding import Finding, Severity
from doctor.near import nearest
from doctor.text import Text, both

WEIGHTY = {
    "ip", "port", "root_dir", "hashed_password", "token", "allow_root", "base_url", "allow_origin", "certfile",
    "allow_remote_access",
}  # fmt: skip
HOUR = 3600.0
NO_TEXT = r"(?:list|dict|tuple|set|float|bytes)#\d+"  # the mark of a value of that kind
NO_SUCH_CLASS = Text("a class of a package that is installed", "已安装软件包中的类")
# Settings that people write by hand, with the type that the server insists on.
TYPES: dict[str, type] = {
    "ServerApp.ip": str,
    "ServerApp.port": int,
    "ServerApp.port_retries": int,
    "ServerApp.root_dir": str,
    "ServerApp.base_url": str,
    "ServerApp.allow_origin": str,
    "ServerApp.open_browser": bool,
    "ServerApp.allow_root": bool,
    "ServerApp.allow_remote_access": bool,
    "ServerApp.disable_check_xsrf": bool,
    "ServerApp.terminals_enabled": bool,
    "ServerApp.quit_button": bool,
    "PasswordIdentityProvider.password_required": bool,
}
NAMES = (*TYPES, "ServerApp.certfile", "ServerApp.keyfile", "ServerApp.allow_credentials", "ServerApp.custom_display_url",
         "ServerApp.default_url", "ServerApp.local_hostnames", "ServerApp.tornado_settings", "ServerApp.preferred_dir",
         "ServerApp.trust_xheaders", "ServerApp.websocket_url", "ServerApp.webbrowser_open_new", "ServerApp.browser",
         "ServerApp.jpserver_extensions", "ServerApp.allow_origin_pat", "ServerApp.iopub_data_rate_limit",
         "ServerApp.rate_limit_window", "ServerApp.shutdown_no_activity_timeout", "ServerApp.cookie_secret",
         "ServerApp.password", "ServerApp.token", "ServerApp.notebook_dir", "ServerApp.sock", "ServerApp.log_level",
         "ServerApp.kernel_manager_class", "ServerApp.contents_manager_class", "ServerApp.file_to_run",
         "ServerApp.max_body_size", "ServerApp.max_buffer_size", "ServerApp.answer_yes", "ServerApp.allow_password_change",
         "ServerApp.password_required", "ServerApp.reraise_server_extension_failures", "ServerApp.use_redirect_file",
         "ServerApp.extra_static_paths", "ServerApp.extra_template_paths", "ServerApp.log_format", "ServerApp.log_datefmt",
         "ServerApp.min_open_files_limit", "ServerApp.autoreload", "ServerApp.client_ca", "ServerApp.ssl_options",
         "ServerApp.static_immutable_cache", "ServerApp.identity_provider_class", "ServerApp.authorizer_class")  # fmt: skip


def check(jupyter: Jupyter, facts: Facts) -> Iterator[Finding]:
    yield from broken(jupyter)
    yield from _elsewhere(jupyter)
    yield from _ignored(jupyter, facts)
    yield from _conflicts(jupyter)
    for file in read_by_lab(jupyter):
        yield from _values(file)
        yield from _readable(file)
    yield from _named(jupyter)
    yield from _refused(jupyter)
    yield from _unguarded(jupyter)


def broken(jupyter: Jupyter) -> Iterator[Finding]:
    for file in jupyter.files:
        if file.error and file.rank[:1] < (OLD_FILE,):
            line = file.line or 1
            yield found("jupyter", "jupyter-config-broken", file=file.path, line=line, said=file.error)


def _elsewhere(jupyter: Jupyter) -> Iterator[Finding]:
    if jupyter.ignored_folder:
        yield found("jupyter", "jupyter-config-dir-elsewhere", folder=jupyter.ignored_folder)


def _ignored(jupyter: Jupyter, facts: Facts) -> Iterator[Finding]:
    """Settings that count, in the file of old, and nowhere where JupyterLab looks."""
    installed = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    classic = "notebook" in installed or "nbclassic" in installed
    if installed and "jupyter-server" not in installed and not jupyter.servers:
        return
    known = set(effective(jupyter))
    for file in jupyter.files:
        lost = sorted(n for n in set(of(file)) - known if n.rpartition(".")[2] in WEIGHTY)
        if file.rank[:1] == (OLD_FILE,) and lost:
            severity: Severity | None = "info" if classic else None
            yield found(
                "jupyter", "jupyter-notebook-config-ignored", severity=severity, file=file.path, settings=lost
            )


def _conflicts(jupyter: Jupyter) -> Iterator[Finding]:
    """The same setting with another value in a file that loses, though it was edited later or at the same time."""
    files = read_by_lab(jupyter)
    for at, winner in enumerate(files):
        for loser in files[at + 1 :]:
            if _folder(winner) == _folder(loser) and winner.changed_at - loser.changed_at < HOUR:
                yield from _conflict(winner, loser)


def _conflict(winner: SettingsFile, loser: SettingsFile) -> Iterator[Finding]:
    wins, loses = of(winner), of(loser)
    names = sorted(
        n for n in wins.keys() & loses.keys() if wins[n] != loses[n] and "computed" not in (wins[n], loses[n])
    )
    if names:
        said = "; ".join(f"{name}: {wins[name]!r} / {loses[name]!r}" for name in names[:4])
        yield found(
            "jupyter", "jupyter-config-precedence-conflict", winner=winner.path, loser=loser.path, said=said
        )


def _folder(file: SettingsFile) -> str:
    return file.path.rpartition("/")[0]


def _values(file: SettingsFile) -> Iterator[Finding]:
    for name, shape in file.secrets.items():
        if canonical(name).endswith("hashed_password") and shape.startswith("plain"):
            yield found("jupyter", "jupyter-plain-text-password", file=file.path, name=name)
    for name, value in file.settings.items():
        yield from _value(file, name, value)
    for name, value in file.lost_classes.items():
        yield _wrong(file, name, value, NO_SUCH_CLASS)


def _value(file: SettingsFile, name: str, value: Value) -> Iterator[Finding]:
    wanted = TYPES.get(canonical(name))
    if wanted and value != "computed" and value is not None and not _fits(name, value, wanted):
        yield _wrong(file, name, value, both(wanted.__name__))
    known = not name.startswith("ServerApp.") or name in NAMES
    near = [] if known else nearest(name, NAMES, cutoff=0.9)
    if near:
        yield found("jupyter", "jupyter-config-misspelt", file=file.path, name=name, near=near[0])
    if name == "ServerApp.jpserver_extensions" and "jupyterlab" in str(value).split():
        yield found("jupyter", "jupyter-lab-switched-off", file=file.path)


def _wrong(file: SettingsFile, name: str, value: Value, wanted: Text) -> Finding:
    return found(
        "jupyter", "jupyter-config-wrong-value", file=file.path, name=name, value=repr(value), type=wanted
    )


def _fits(name: str, value: Value, wanted: type) -> bool:
    if wanted is int:
        in_range = not name.endswith(".port") or (isinstance(value, int) and 0 <= value <= 65535)
        return isinstance(value, int) and not isinstance(value, bool) and in_range
    if wanted is bool:
        return isinstance(value, bool) or value in (0, 1)
    return isinstance(value, str) and not re.fullmatch(NO_TEXT, value)


def _readable(file: SettingsFile) -> Iterator[Finding]:
    if file.open_to_others and any(shape != "empty" for shape in file.secrets.values()):
        plain = any(shape.startswith("plain") for shape in file.secrets.values())
        yield found(
            "jupyter",
            "jupyter-secret-readable",
            severity="warn" if plain else "info",
            file=file.path,
            mode=f"{file.mode:o}",
            names=sorted(file.secrets),
        )


def _named(jupyter: Jupyter) -> Iterator[Finding]:
    """What a configuration names and this machine does not have."""
    for address in jupyter.absent_addresses:
        if address == effective(jupyter).get("ServerApp.ip"):
            yield found("jupyter", "jupyter-address-not-here", ip=address)
    if jupyter.absent_files:
        yield found("jupyter", "jupyter-certificate-missing", file=jupyter.absent_files)
    if jupyter.key_as_client_ca:
        yield from _swapped(jupyter, jupyter.key_as_client_ca)
    elif jupyter.unfit_certificate:
        yield found("jupyter", "jupyter-certificate-unfit", said=jupyter.unfit_certificate)


def _swapped(jupyter: Jupyter, key: str) -> Iterator[Finding]:
    for file in jupyter.files:
        if any(name.endswith(".client_ca") and value == key for name, value in file.settings.items()):
            line = ("sed", "-i", "s/client_ca/keyfile/", file.path)
            yield found("jupyter", "jupyter-key-as-client-ca", commands=(line,), file=file.path, key=key)


def _refused(jupyter: Jupyter) -> Iterator[Finding]:
    """Root must ask for it. A running server shows that it was asked on the command line."""
    settings = effective(jupyter)
    if not jupyter.as_root or settings.get("ServerApp.allow_root") or jupyter.servers:
        return
    said = [line for line in jupyter.log_lines if line.sign == "root-refused"]
    if said:
        yield found("jupyter", "jupyter-root-refused", seen=f"{said[0].path}: {said[0].line}")
    elif not is_local(settings.get("ServerApp.ip")) and not jupyter.dead_servers:
        files = ", ".join(file.path for file in read_by_lab(jupyter))
        yield found("jupyter", "jupyter-root-refused", severity="warn", seen=files)


def _unguarded(jupyter: Jupyter) -> Iterator[Finding]:
    """No server runs like this yet, but the next one will."""
    settings = effective(jupyter)
    guarded = settings.get("PasswordIdentityProvider.hashed_password", "empty") != "empty"
    no_token = "empty" in (
        settings.get("IdentityProvider.token"),
        settings.get("PasswordIdentityProvider.token"),
    )
    ip = settings.get("ServerApp.ip")
    if no_token and not guarded and not is_local(ip) and not jupyter.servers:
        files = [file.path for file in read_by_lab(jupyter)]
        yield found("jupyter", "jupyter-open-by-configuration", ip=repr(ip), files=files)
