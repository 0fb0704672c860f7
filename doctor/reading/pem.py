"""What is in files that are named as certificate and key, where OpenSSL's own words tell nobody what is wrong with them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from doctor.reading.peek import peek, peek_text
from doctor.text import Text

BLOCK = re.compile(r"^-----BEGIN ([A-Z0-9 ]+)-----", re.MULTILINE)
KEYS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")


def labels(path: str) -> tuple[str, ...]:
    """What the blocks of a PEM file are."""
    return tuple(BLOCK.findall(peek_text(Path(path).expanduser())))


def holds_key(path: str) -> bool:
    """Whether a private key is in it."""
    return any(label in (*KEYS, "ENCRYPTED PRIVATE KEY") for label in labels(path))


def wrong_with(certificate: str, key: str, said: str) -> Text | None:
    """Why the two do not do; None where the files tell no more than OpenSSL did (`said`)."""
    for path in (certificate, key):
        if not os.access(path, os.R_OK):
            return Text(f"{path} may not be read by this user", f"当前用户无权读取 {path}")
    of_certificate, of_key = labels(certificate), labels(key)
    if "CERTIFICATE" in of_key and "CERTIFICATE" not in of_certificate and holds_key(certificate):
        return Text(
            f"they are swapped: {certificate} is the key, {key} the certificate",
            f"两者写反了：{certificate} 是密钥，{key} 才是证书",
        )
    if "CERTIFICATE" not in of_certificate:
        return _no_certificate(certificate, of_certificate)
    return _wrong_key(certificate, key, of_key, said)


def _no_certificate(path: str, there: tuple[str, ...]) -> Text:
    if "CERTIFICATE REQUEST" in there or "NEW CERTIFICATE REQUEST" in there:
        return Text(f"{path} is a request for a certificate, not yet one", f"{path} 是证书申请，还不是证书")
    if holds_key(path):
        return Text(f"{path} is a key and no certificate", f"{path} 是密钥，不是证书")
    if (peek(path, 2) or b"")[:1] == b"\x30":
        return Text(f"{path} is not PEM but DER or PKCS #12", f"{path} 不是 PEM 格式，而是 DER 或 PKCS #12")
    return Text(f"{path} holds no certificate", f"{path} 中没有证书")


def _wrong_key(certificate: str, key: str, there: tuple[str, ...], said: str) -> Text | None:
    if "ENCRYPTED PRIVATE KEY" in there or "Proc-Type: 4,ENCRYPTED" in peek_text(key):
        return Text(
            f"{key} is locked by a password, which nobody types when the server starts",
            f"{key} 受密码保护，而服务器启动时无人输入密码",
        )
    if not holds_key(key):
        if key == certificate:
            return Text(
                f"{certificate} is a certificate without its key, and no key (keyfile) is named",
                f"{certificate} 只有证书没有密钥，也没有指定密钥（keyfile）",
            )
        return Text(f"{key} holds no private key", f"{key} 中没有私钥")
    if "KEY_VALUES_MISMATCH" in said:
        return Text(
            f"{key} is the key of another certificate than {certificate}",
            f"{key} 不是 {certificate} 对应的密钥",
        )
    return None
