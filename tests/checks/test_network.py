"""Error texts that broken ways to the network make programs print: each leads to its finding."""

from __future__ import annotations

import pytest

from doctor.texts.search import by_text

TEXTS = {
    "hub-unreachable": [
        "'[Errno -2] Name or service not known' thrown while requesting HEAD https://huggingface.co/a/b/resolve/main/x",
        "OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in the cached files.",
        "requests.exceptions.ConnectTimeout: HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded",
    ],
    "hub-mirror-dead": [
        "OSError: We couldn't connect to 'https://hf-mirror.com' to load the files, and couldn't find them in the cached",
    ],
    "hub-mirror-5xx": [
        "huggingface_hub.errors.HfHubHTTPError: 502 Server Error: Bad Gateway for url: https://hf-mirror.com/x"
    ],
    "hf-mirror-308-redirects-to-hub": [
        "FileMetadataError: Distant resource does not seem to be on huggingface.co. It is possible that a configuration"
    ],
    "hf-token-invalid": ["401 Client Error: Unauthorized. Invalid credentials in Authorization header"],
    "hf-gated-repo": [
        "GatedRepoError: 403 Client Error. Cannot access gated repo for url https://huggingface.co/x"
    ],
    "hf-rate-limited": [
        "HfHubHTTPError: 429 Client Error: Too Many Requests for url: https://huggingface.co/api"
    ],
    "captive-portal-html": [
        "FileMetadataError: a.json is missing the 'X-Repo-Commit' header, so it does not seem to be served by a Hugging Face Hub endpoint"
    ],
    "tls-clock-skew": [
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate is not yet valid (_ssl.c:1006)"
    ],
    "tls-corporate-ca": [
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain",
    ],
    "tls-certificate-bad": [
        "certificate verify failed: Hostname mismatch, certificate is not valid for 'hf-mirror.com'."
    ],
    "ca-bundle-missing": [
        "OSError: Could not find a suitable TLS CA certificate bundle, invalid path: /root/x/cacert.pem"
    ],
    "proxy-dead": [
        "WARNING: Retrying after connection broken by 'ProxyError('Cannot connect to proxy.', NewConnectionError('x'))'",
    ],
    "proxy-malformed": ["ValueError: Unknown scheme for proxy URL URL('socks://127.0.0.1:7891/')"],
    "proxy-needs-login": ["OSError: Tunnel connection failed: 407 Proxy Authentication Required"],
    "proxy-forwards-nothing": [
        "ProxyError('Unable to connect', OSError('Tunnel connection failed: 503 Service Unavailable'))"
    ],
    "proxy-socks-no-socksio": [
        "ImportError: Using SOCKS proxy, but the 'socksio' package is not installed. Make sure to install httpx using",
        "ERROR: Could not install packages due to an OSError: Missing dependencies for SOCKS support.",
    ],
    "no-proxy-lacks-localhost": [
        "ValueError: When localhost is not accessible, a shareable link must be created."
    ],
    "dns-broken": ["socket.gaierror: [Errno -3] Temporary failure in name resolution"],
    "network-none": ["OSError: [Errno 101] Network is unreachable"],
    "no-release-fits": [  # nor does it say whether an index answered: the machine is asked
        "ERROR: Could not find a version that satisfies the requirement six (from versions: none)"
    ],
    "pip-mirror-stale-or-hash-mismatch": [
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."
    ],
    "conda-channel-404": [
        "UnavailableInvalidChannel: HTTP 404 NOT FOUND for channel anaconda/cloud/pytorch <https://x>"
    ],
    "conda-channel-unreachable": [
        "CondaHTTPError: HTTP 000 CONNECTION FAILED for url <https://repo.anaconda.com/pkgs/main/linux-64/repodata.json>"
    ],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts])
def test_an_error_text_leads_to_its_finding(name: str, text: str) -> None:
    assert name == by_text(text)[0].id, [match.id for match in by_text(text)]
