"""May a fine-grained token do what the person's code asks of the Hub?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Facts, Network, Packages
from doctor.finding import Finding

INFERENCE = "inference.serverless.write"  # "Make calls to Inference Providers"
CLIENTS = ("smolagents", "langchain-huggingface", "llama-index-llms-huggingface-api")  # made for such calls


def rights(network: Network, facts: Facts) -> Iterator[Finding]:
    """Most tokens need no such right; it matters where code, or a library for that very purpose, asks a provider."""
    if network.token_rights is None or INFERENCE in network.token_rights:
        return
    packages = facts.packages if isinstance(facts.packages, Packages) else None
    calls = packages.sources.inference if packages else ()
    clients = [name for name in CLIENTS if packages and name in packages.installed]
    if calls or clients:
        yield found(
            "network",
            "hf-token-lacks-inference",
            severity="warn" if calls else "info",
            source=network.token_source,
            places=[f"{use.file}:{use.line} {use.what}" for use in calls[:3]] or clients,
        )
