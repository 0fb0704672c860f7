"""Models, adapters and code of models that are of another time than transformers and peft, as people have reported them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from doctor.texts.search import by_text
from tests.faults.cache import COMMIT, fill_cache, put
from tests.faults.dists import install
from tests.faults.patient import diagnose
from tests.hub.models import WEIGHTS, safetensors

KINDS = 'CONFIG_MAPPING_NAMES = OrderedDict([("llama", "LlamaConfig"), ("phi3", "Phi3Config")])\n'
OLD_ROPE = (
    'raise ValueError("`rope_scaling` must be a dictionary with two fields, `type` and `factor`, got")\n'
)
CACHE = "class DynamicCache:\n    def get_seq_length(self):\n        return 0\n"
SEEN = "    @property\n    def seen_tokens(self):\n        return 0\n"


def transformers(env: Path, version: str, rope: str = "", cache: str = CACHE) -> None:
    files = {
        "transformers/__init__.py": f'__version__ = "{version}"\n',
        "transformers/cache_utils.py": cache,
        "transformers/models/auto/configuration_auto.py": KINDS,
        "transformers/models/llama/configuration_llama.py": rope,
    }
    install(env, "transformers", version, files)


def cached(snapshot: Path, name: str, said: dict[str, Any]) -> None:
    """A file of the cache, in place of one that is there."""
    raw = json.dumps(said).encode()
    (snapshot / name).unlink(missing_ok=True)
    sha = hashlib.sha1(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()
    put(snapshot, name, sha, raw)


# --- settings of a later transformers ---------------------------------------------------------------------

ROPE = {
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
LLAMA = {
    "model_type": "llama",
    "rope_scaling": {**ROPE, "rope_type": "llama3"},
    "transformers_version": "4.43.0.dev0",
}


@pytest.mark.parametrize("place", ["cache", "folder"])
def test_llama_3_1_and_a_transformers_of_before(
    person: dict[str, str], home: Path, hub: Path, place: str
) -> None:
    """https://github.com/hiyouga/LlamaFactory/issues/4962: `rope_scaling` must be a dictionary with two fields."""
    env = Path(person["TARGET"])
    transformers(env, "4.42.3", OLD_ROPE)
    if place == "cache":
        cached(fill_cache(hub, "meta-llama/Llama-3.1-8B-Instruct"), "config.json", LLAMA)
    else:
        folder = home / "models/Llama-3.1-8B-Instruct"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(LLAMA))
        (folder / WEIGHTS).write_bytes(safetensors(b"x"))
    told = diagnose(person, "--area", "packages,hub").of("model-newer-than-transformers")
    assert "llama3" in told["evidence"] and "Llama-3.1-8B" in told["evidence"]
    assert told["remedy"]["commands"][0][-1] == "transformers>=4.43.0"


@pytest.mark.parametrize(
    ("version", "rope", "scaling"),
    [("4.43.0", "", LLAMA["rope_scaling"]), ("4.42.3", OLD_ROPE, {"type": "linear", "factor": 2.0})],
)
def test_a_rope_that_is_taken(
    person: dict[str, str], hub: Path, version: str, rope: str, scaling: dict[str, Any]
) -> None:
    transformers(Path(person["TARGET"]), version, rope)
    cached(fill_cache(hub, "org/llama"), "config.json", {**LLAMA, "rope_scaling": scaling})
    names = [one["id"] for one in diagnose(person, "--area", "packages,hub").findings]
    assert "model-newer-than-transformers" not in names


# --- adapters of a later peft -----------------------------------------------------------------------------

LORA = "class LoraConfig(PeftConfig):\n    r: int = 8\n    lora_alpha: int = 8\n"
COMMON = "class PeftConfig:\n    peft_type: str = ''\n    base_model_name_or_path: str = ''\n"
ADAPTER = {"peft_type": "LORA", "base_model_name_or_path": "org/model", "r": 8, "lora_alpha": 16}


def peft(env: Path, version: str, common: str = COMMON, lora: str = LORA) -> None:
    files = {
        "peft/__init__.py": "",
        "peft/config.py": common,
        "peft/tuners/__init__.py": "",
        "peft/tuners/lora/__init__.py": "",
        "peft/tuners/lora/config.py": lora,
    }
    install(env, "peft", version, files)


@pytest.mark.parametrize("place", ["cache", "folder"])
def test_an_adapter_of_a_later_peft(person: dict[str, str], home: Path, hub: Path, place: str) -> None:
    """https://github.com/huggingface/peft/issues/1979: unexpected keyword argument 'layer_replication'."""
    peft(Path(person["TARGET"]), "0.9.0")
    said = {**ADAPTER, "layer_replication": None}
    if place == "cache":
        cached(fill_cache(hub, "org/adapter"), "adapter_config.json", said)
    else:
        (home / "my-adapter").mkdir()
        (home / "my-adapter/adapter_config.json").write_text(json.dumps(said))
    told = diagnose(person, "--area", "packages,hub").of("adapter-newer-than-peft")
    assert "layer_replication" in told["evidence"] and "adapter" in told["title"]
    assert told["remedy"]["commands"][0][-2:] == ["--upgrade", "peft"]


@pytest.mark.parametrize(
    ("common", "more"),
    [(COMMON, {}), (f"{COMMON}def _check_and_remove_unused_kwargs(): pass\n", {"eva_config": None})],
    ids=["of its own time", "a peft that goes on"],
)
def test_an_adapter_that_is_loaded(
    person: dict[str, str], home: Path, common: str, more: dict[str, Any]
) -> None:
    peft(Path(person["TARGET"]), "0.15.0", common)
    (home / "my-adapter").mkdir()
    (home / "my-adapter/adapter_config.json").write_text(json.dumps({**ADAPTER, **more}))
    names = [one["id"] for one in diagnose(person, "--area", "packages,hub").findings]
    assert "adapter-newer-than-peft" not in names


# --- code that came with a model --------------------------------------------------------------------------

PHI3 = (
    "class Phi3ForCausalLM:\n    def prepare(self, past_key_values):\n        {}past_key_values.seen_tokens\n"
)


def code(home: Path, text: str) -> None:
    org = home / ".cache/huggingface/modules/transformers_modules/microsoft"
    folder = org / "Phi_hyphen_3_hyphen_mini_hyphen_4k_hyphen_instruct" / COMMIT
    folder.mkdir(parents=True)
    (folder / "modeling_phi3.py").write_text(text)


def test_code_of_a_model_for_an_older_transformers(person: dict[str, str], home: Path, hub: Path) -> None:
    """https://github.com/oreilly-japan/hands-on-llm-ja/issues/5: no attribute 'seen_tokens'."""
    transformers(Path(person["TARGET"]), "4.56.2")
    snapshot = fill_cache(hub, "microsoft/Phi-3-mini-4k-instruct")
    cached(snapshot, "config.json", {"model_type": "phi3", "transformers_version": "4.40.2", "auto_map": {}})
    code(home, PHI3.format(""))
    told = diagnose(person, "--area", "packages,hub").of("remote-code-for-another-transformers")
    assert "microsoft/Phi-3-mini-4k-instruct" in told["title"]
    assert "modeling_phi3.py:3" in told["evidence"] and "trust_remote_code" in told["evidence"]
    assert told["remedy"]["commands"][0][-1] == "transformers==4.40.2"


@pytest.mark.parametrize(
    ("cache", "before"),
    [
        (CACHE + SEEN, ""),
        (f"{CACHE}    def __init__(self):\n        self.seen_tokens = 0\n", ""),
        (CACHE, 'if hasattr(past_key_values, "seen_tokens"): '),
    ],
    ids=["of its time", "of before", "asked first"],
)
def test_code_of_a_model_that_goes(person: dict[str, str], home: Path, cache: str, before: str) -> None:
    transformers(Path(person["TARGET"]), "4.43.3", cache=cache)
    code(home, PHI3.format(before))
    names = [one["id"] for one in diagnose(person, "--area", "packages,hub").findings]
    assert "remote-code-for-another-transformers" not in names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "ValueError: `rope_scaling` must be a dictionary with two fields, `type` and `factor`, got {'factor': 8.0}",
            "model-newer-than-transformers",
        ),
        (
            "TypeError: LoraConfig.__init__() got an unexpected keyword argument 'layer_replication'",
            "adapter-newer-than-peft",
        ),
        (
            "AttributeError: 'DynamicCache' object has no attribute 'seen_tokens'",
            "remote-code-for-another-transformers",
        ),
    ],
)
def test_the_text(text: str, name: str) -> None:
    assert by_text(text)[0].id == name
