"""Download one address to a file, carrying on where an earlier try stopped.

For machines that have Python but neither curl nor wget; runs on Python 3.6 and later, standard library only.
The address comes from the variable FETCH_URL, because other people can read argument lists and it may hold
a password. Proxy and CA settings (https_proxy, SSL_CERT_FILE) are those of urllib; FETCH_INSECURE=1 accepts
any certificate. By hand: FETCH_URL=https://host/file python3 scripts/fetch_url.py FILE
"""

import argparse
import base64
import os
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

SILENCE_LIMIT = 15  # seconds without a byte before we give up
PIECE = 1 << 16  # bytes
WINDOW = 15  # seconds over which the rate is judged
SLOWEST = 5000  # bytes a second over a window: below that another host is better


def make_request(url, start):
    """A request for the bytes from `start`; urllib does not take user:password@ from the address itself."""
    parts = urllib.parse.urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(urllib.parse.urlunsplit(parts._replace(netloc=host)))
    if login:
        code = base64.b64encode(urllib.parse.unquote(login).encode()).decode()
        request.add_unredirected_header("Authorization", "Basic " + code)
    if start:
        request.add_header("Range", f"bytes={start}-")
    return request


def download(url, path):
    start = path.stat().st_size if path.exists() else 0
    insecure = os.environ.get("FETCH_INSECURE") == "1"
    context = ssl._create_unverified_context() if insecure else ssl.create_default_context()
    with urllib.request.urlopen(make_request(url, start), timeout=SILENCE_LIMIT, context=context) as answer:
        expected = answer.headers.get("Content-Length")
        received, began, before = 0, time.monotonic(), 0
        with path.open("ab" if answer.status == 206 else "wb") as out:
            for piece in iter(lambda: answer.read1(PIECE), b""):
                out.write(piece)
                received += len(piece)
                took = time.monotonic() - began
                if took >= WINDOW:
                    if received - before < SLOWEST * took:
                        raise ValueError(f"too slow: {received - before} bytes in {took:.0f} s")
                    began, before = time.monotonic(), received
    # Read in pieces, http.client takes a connection that was cut for the end of the file.
    if expected is not None and received < int(expected):
        raise ValueError(f"the connection broke after {received} of {expected} bytes")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    args = parser.parse_args()
    try:
        download(os.environ["FETCH_URL"], args.file)
    except KeyError:
        parser.error("set FETCH_URL to the address")
    except (OSError, ValueError) as error:  # URLError and time-outs are OSError
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
