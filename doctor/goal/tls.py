"""TLS for JupyterLab: the setting, and whether a certificate and a key are a pair."""

from __future__ import annotations

from pathlib import Path

from doctor.errors import bad_input
from doctor.goal import Goal, Tls
from doctor.reading.peek import is_file
from doctor.text import Text

SELF_SIGNED = "self-signed"
OFF = "off"


def tls_of(value: str | None, goal: Goal, *, refuse: bool) -> Tls | None:
    """What TLS= says. With `refuse` raises Trouble (exit 2) on files that a server could not be started with."""
    if value in (None, "", OFF):
        return None
    if value == SELF_SIGNED:
        return Tls(f"{goal.jupyter_dir}/tls/certificate.pem", f"{goal.jupyter_dir}/tls/key.pem", own=True)
    certificate, _, key = (value or "").partition(",")
    if not certificate or not key:
        raise bad_input(
            f"TLS={value} is not known. Use off, self-signed, or two files: TLS=certificate.pem,key.pem",
            f"TLS={value} 无效。请用 off、self-signed，或两个文件：TLS=certificate.pem,key.pem",
        )
    tls = Tls(_absolute(certificate), _absolute(key), own=False)
    unfit = unfit_pair(tls) if refuse else None
    if unfit:
        raise bad_input(f"TLS={value}: {unfit.en}", f"TLS={value}：{unfit.zh}")
    return tls


def _absolute(name: str) -> str:
    return str(Path(name).expanduser().absolute())


def unfit_pair(tls: Tls) -> Text | None:
    """Why no server can be started with them, None when one can."""
    for path in (tls.certificate, tls.key):
        if not is_file(Path(path)):
            return Text(f"{path} is not a file", f"{path} 不是文件")
    import ssl  # only where TLS is wanted: it takes as long to load as all the rest of a word

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Nobody is there to type the key's password when the server starts.
        context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
    except (OSError, ValueError) as error:
        from doctor.reading.pem import wrong_with

        said = str(error) or type(error).__name__
        return wrong_with(tls.certificate, tls.key, said) or Text(
            f"no certificate with its key (without a password): {said}", f"不是证书及其无密码的密钥：{said}"
        )
    return None
