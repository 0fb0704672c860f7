"""What people do to a cache of models."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.cache import blob_of
from tests.faults.dists import install
from tests.faults.patient import bare_environ
from tests.faults.unrehearsed.look import look
from tests.hub.models import WEIGHTS, safetensors


def overwrite(name: str, content: str) -> Callable[[Path], None]:
    def change(snapshot: Path) -> None:
        (snapshot / name).unlink()
        (snapshot / name).write_text(content)

    return change


def lose_a_shard(snapshot: Path) -> None:
    parts = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    (snapshot / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": dict(zip("ab", parts, strict=True))})
    )
    (snapshot / parts[0]).write_bytes(safetensors(b"x"))


def flatten_links(snapshot: Path) -> None:
    for path in list(snapshot.iterdir()):
        overwrite(path.name, str(path.readlink()))(snapshot)


def cut_off(snapshot: Path) -> None:
    """A large tokenizer: judged by its end."""
    (snapshot / "tokenizer.json").write_text('{"model": [' + "1, " * 40_000)


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (overwrite("config.json", ""), "model-file-damaged"),
        (overwrite("config.json", "<html>please log in</html>"), "model-file-damaged"),
        (cut_off, "model-file-damaged"),
        (lose_a_shard, "weights-shard-missing"),
        (flatten_links, "cache-links-became-text"),
    ],
)
def test_a_spoilt_snapshot(
    person: dict[str, str], hub: Path, spoil: Callable[[Path], None], name: str
) -> None:
    assert look(person).complaints == []
    spoil(next(hub.glob("models--*/snapshots/*")))
    assert look(person).complaints == [name]


def test_a_ref_that_was_written_with_echo(person: dict[str, str], hub: Path) -> None:
    ref = next(hub.glob("models--*/refs/main"))
    ref.write_text(ref.read_text() + "\n")
    assert look(person).complaints == ["cache-ref-with-line-end"]
    assert look(person, HF_HUB_OFFLINE="1").failed == ["cache-ref-with-line-end"]


def test_a_snapshot_without_a_name(person: dict[str, str], hub: Path) -> None:
    next(hub.glob("models--*/refs/main")).unlink()
    assert look(person).of("cache-without-refs")["severity"] == "info"
    assert look(person, HF_HUB_OFFLINE="1").complaints == ["cache-without-refs"]


def test_a_model_that_was_cloned_into_the_cache(person: dict[str, str], hub: Path) -> None:
    (hub / "bert").mkdir()
    (hub / "bert/config.json").write_text("{}")
    assert look(person).complaints == ["model-outside-cache-layout"]


def test_a_cache_whose_weights_are_settled_is_left_in_peace(person: dict[str, str], hub: Path) -> None:
    """NaN and an index whose parts were never wanted are no faults."""
    snapshot = next(hub.glob("models--*/snapshots/*"))
    (snapshot / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "other.bin"}}))
    (snapshot / "generation_config.json").write_text('{"x": NaN}')
    assert (snapshot / WEIGHTS).exists() and look(person).complaints == []


def test_the_end_of_a_download_that_never_came(person: dict[str, str], hub: Path) -> None:
    """Room was made for the whole file first; its size is right."""
    blob = blob_of(next(hub.glob("models--*/snapshots/*")))
    size = 4 << 20
    header = json.dumps({"t": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    blob.write_bytes(struct.pack("<Q", len(header)) + header + b"x" * size)
    assert look(person).complaints == []
    blob.write_bytes(struct.pack("<Q", len(header)) + header + b"x" * (size // 2))
    os.truncate(blob, 8 + len(header) + size)
    assert look(person).complaints == ["weights-file-is-not-weights"]


@pytest.mark.parametrize(("name", "text"), [("vocab.txt", ""), ("merges.txt", "<html>log in</html>")])
def test_a_word_list_that_is_none(person: dict[str, str], hub: Path, name: str, text: str) -> None:
    path = next(hub.glob("models--*/snapshots/*")) / name
    path.write_text("#version: 0.2\nĠ t\n")
    assert look(person).complaints == []
    path.write_text(text)
    assert look(person).complaints == ["model-file-damaged"]


def test_a_snapshot_that_was_emptied(person: dict[str, str], hub: Path) -> None:
    for path in next(hub.glob("models--*/snapshots/*")).iterdir():
        path.unlink()
    assert look(person).complaints == ["cache-ref-without-snapshot"]


def test_a_ref_that_lost_its_content(person: dict[str, str], hub: Path) -> None:
    next(hub.glob("models--*/refs/main")).write_text("")
    assert look(person).complaints == ["cache-ref-without-snapshot"]


def test_a_clone_that_lacks_a_part(person: dict[str, str], home: Path) -> None:
    clone = home / "qwen"
    clone.mkdir()
    (clone / "config.json").write_text("{}")
    (clone / "model-00002-of-00002.safetensors").write_bytes(safetensors(b"x"))
    lose_a_shard(clone)
    assert look(person).complaints == []
    (clone / "model-00002-of-00002.safetensors").unlink()
    said = look(person)
    assert said.complaints == ["weights-shard-missing"]
    assert said.of("weights-shard-missing")["remedy"]["commands"][0][-1] == str(clone)


def test_a_file_that_aria2_has_not_ended(person: dict[str, str], home: Path) -> None:
    clone = home / "bert"
    clone.mkdir()
    (clone / "config.json").write_text("{}")
    (clone / "model.safetensors").write_bytes(safetensors(b"x"))
    assert look(person).complaints == []
    (clone / "model.safetensors.aria2").write_bytes(b"x")
    assert look(person).complaints == ["weights-file-is-not-weights"]


def test_a_cache_that_is_a_link_in_a_circle(home: Path, empty_env: Path) -> None:
    (home / ".cache").mkdir()
    (home / ".cache/huggingface").symlink_to("huggingface")
    assert look(bare_environ(home, TARGET=str(empty_env))).failed == ["hf-home-not-a-folder"]


@pytest.mark.parametrize(("name", "text"), [("imdb-train.arrow", ""), ("dataset_info.json", '{"features":')])
def test_a_dataset_that_was_cut_down(person: dict[str, str], hub: Path, name: str, text: str) -> None:
    folder = hub.parent / "datasets/stanfordnlp___imdb/plain_text/0.0.0/e6281661"
    folder.mkdir(parents=True)
    (folder / "imdb-train.arrow").write_bytes(b"x" * 100)
    (folder / "dataset_info.json").write_text("{}")
    (hub.parent / "datasets/stanfordnlp___imdb/plain_text/0.0.0/e6281661_builder.lock").write_text("")
    under_way = folder.with_name("f00.incomplete")
    under_way.mkdir()
    (under_way / "imdb-train.arrow").write_text("")
    assert look(person).complaints == []
    (folder / name).write_text(text)
    assert look(person).complaints == ["dataset-cache-damaged"]


@pytest.mark.parametrize(
    ("said", "complaints"),
    [
        ({"model_type": "qwen9", "transformers_version": "9.1.0"}, ["model-newer-than-transformers"]),
        ({"model_type": "bert", "transformers_version": "9.1.0"}, []),
        (
            {"model_type": "llava_llama", "transformers_version": "4.31.0"},
            [],
        ),  # known to a package of its own
        ({"model_type": "qwen9", "transformers_version": "9.1.0", "auto_map": {}}, []),
    ],
)
def test_a_model_of_a_kind_that_is_not_known_yet(
    person: dict[str, str], empty_env: Path, hub: Path, said: dict[str, object], complaints: list[str]
) -> None:
    known = "transformers/models/auto/configuration_auto.py"
    install(
        empty_env,
        "transformers",
        "4.57.6",
        {"transformers/__init__.py": "", known: 'NAMES = [("bert", "Bert")]\n'},
    )
    config = next(hub.glob("models--*/snapshots/*/config.json"))
    config.unlink()
    config.write_text(json.dumps(said))
    assert look(person).complaints == complaints
