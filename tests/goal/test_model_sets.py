"""The manifests that are shipped, what is refused in one, and what MODELS picks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from doctor.errors import Exit, Trouble
from doctor.goal.model_sets import chosen, load_manifest, profile_models, set_names
from doctor.goal.profile import Profile, load_profile, profile_names

SETS = set_names()


@pytest.fixture
def profile() -> Profile:
    return load_profile("llm-quickstart")


def ids(profile: Profile, value: str) -> list[str]:
    return [model.id for model in chosen(profile, value)[0]]


def refusal(profile: Profile, value: str) -> str:
    with pytest.raises(Trouble) as caught:
        chosen(profile, value)
    assert caught.value.code == Exit.USAGE
    return caught.value.message.en


# --- what is shipped ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_whole(name: str) -> None:
    """Hashes, sizes, commits and what a model needs are judged by loading it: see the refusals below."""
    manifest = load_manifest(name)
    assert manifest.title.en and manifest.title.zh and manifest.notebooks
    assert manifest.model or manifest.extra
    for model in manifest.model:
        assert model.gpu, "GPU memory, with its source"
        assert any(file.endswith((".safetensors", ".bin")) for file in model.files)
        assert not [file for file in model.files if file.endswith((".h5", ".msgpack", ".ot", ".onnx"))]
        formats = {file.rpartition(".")[2] for file in model.files} & {"safetensors", "bin"}
        assert len(formats) == 1, "one format of the weights"


def test_a_model_is_in_one_set_only() -> None:
    all_ids = [model.id for name in SETS for model in load_manifest(name).model]
    names = [
        name for name in SETS for model in load_manifest(name).model for name in (model.id, *model.aliases)
    ]
    assert len(set(all_ids)) == len(all_ids) and len(set(names)) == len(names)


def test_lecture_1_has_the_size_that_the_readme_speaks_of() -> None:
    assert sum(model.bytes for model in load_manifest("lecture-1").model) == pytest.approx(5.7e9, rel=0.02)


def test_hidden_dependencies_are_named() -> None:
    needs = {model.id: model.needs for name in SETS for model in load_manifest(name).model}
    assert needs["facebook/detr-resnet-50"] == ("timm/resnet50.a1_in1k",)
    assert "mit-han-lab/pile-val-backup" in needs["facebook/opt-125m"]
    assert "wikitext" in needs["facebook/opt-2.7b"]
    gone = [extra for name in SETS for extra in load_manifest(name).extra if extra.gone]
    assert "mozilla-foundation/common_voice_11_0" in [extra.id for extra in gone]


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_names_sets_that_exist_and_pipelines_of_them(name: str) -> None:
    profile = load_profile(name)
    assert set(profile.sets) <= set(SETS)
    assert {want.model for want in profile.smoke} <= {model.id for model in profile_models(profile)}


# --- what is refused ---------------------------------------------------------------------------------

GOOD = f"""
[[model]]
id = "org/mine"
revision = "{"1" * 40}"
files = ["config.json", "model.safetensors"]
bytes = 30
sizes = {{ "config.json" = 10, "model.safetensors" = 20 }}
licence = "mit"
"""


@pytest.mark.parametrize(
    "old, new, says",
    [
        ('id = "org/mine"', 'id = "mine"', "mine: id: not ORGANISATION/NAME"),
        ("1" * 40, "main", "org/mine: revision: not 40 lower-case hex digits"),
        ("bytes = 30", "bytes = 31", "org/mine: bytes: 31, but the sizes of the files add up to 30"),
        ("= 20 }", '= 20, "x.bin" = 3 }', "org/mine: sizes: x.bin is not among the files"),
        ('"mit"', '"mit"\nsha256 = { "config.json" = "ab" }', "sha256: config.json: not 64 lower-case hex"),
        ('"mit"', f'"mit"\ngit = {{ "config.json" = "{"A" * 40}" }}', "git: config.json: not 40 lower-case"),
        ('"mit"', '""', "org/mine: licence: empty"),
        ('"mit"', '"mit"\nneeds = ["timm/x"]', "org/mine: needs: timm/x is not in this set"),
        ('"mit"', '"mit"\nrefs = ["2222222"]', "org/mine: refs: 2222222 is neither main"),
        ('"mit"', '"mit"\noptional = ["config.json"]', "org/mine: files: empty, or a name is given twice"),
        ('"mit"', '"mit"\ngated = "yes"', "gated"),
        ('"mit"', '"mit"\nlicense = "mit"', "unknown key `license`; did you mean `licence`?"),
        ("bytes = 30", "bytes = true", "bytes"),
        ("", GOOD, "org/mine: id: twice in one set"),
    ],
)
def test_a_bad_manifest_names_file_model_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(GOOD.replace(old, new, 1) if old else GOOD + new, "utf-8")
    with pytest.raises(Trouble) as caught:
        load_manifest(str(path))
    assert caught.value.code == Exit.USAGE
    said = caught.value.message.en
    assert str(path) in said and says in said, said


def test_a_good_one_of_ones_own_is_named_by_its_path(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "own.toml"
    path.write_text(GOOD, "utf-8")
    own = msgspec.structs.replace(profile, models=(str(path), "llama"))
    assert ids(own, "all") == ["org/mine", "NousResearch/Llama-2-7b-hf"]
    assert ids(own, "mine") == ["org/mine"]


# --- MODELS ------------------------------------------------------------------------------------------


def test_all_none_sets_and_ids_mix(profile: Profile) -> None:
    lecture = [model.id for model in load_manifest("lecture-1").model]
    assert ids(profile, "all") == lecture == ids(profile, "lecture-1")
    assert ids(profile, "none") == []
    assert ids(profile, "all,llama") == [*lecture, "NousResearch/Llama-2-7b-hf"]
    assert ids(profile, "t5-small, lecture-1 gpt2") == ["google-t5/t5-small", *lecture]


def test_a_model_of_any_set_by_id_short_name_and_alias(profile: Profile) -> None:
    for name in ("zai-org/chatglm3-6b", "chatglm3-6b", "THUDM/chatglm3-6b"):
        assert ids(profile, name) == ["zai-org/chatglm3-6b"]


def test_what_a_model_needs_by_itself_comes_with_it(profile: Profile) -> None:
    assert ids(profile, "detr-resnet-50") == ["facebook/detr-resnet-50", "timm/resnet50.a1_in1k"]


def test_only_whole_sets_bring_what_else_a_lecture_needs(profile: Profile) -> None:
    _, extras = chosen(profile, "peft")
    assert "mozilla-foundation/common_voice_11_0" in [extra.id for extra in extras]
    assert chosen(profile, "whisper-large-v2")[1] == ()


def test_an_unknown_name_is_told_with_the_nearest_and_all_sets(profile: Profile) -> None:
    said = refusal(profile, "gpt2,lectur-1")
    assert said.startswith("MODELS=lectur-1 is not known. Did you mean lecture-1")
    assert all(name in said for name in SETS)
    assert "Did you mean bert-base-chinese" in refusal(profile, "bert-base-chines")
    assert "Did you mean" not in refusal(profile, "xyzzyx0")


def test_a_short_name_of_two_models_is_refused(profile: Profile) -> None:
    said = refusal(profile, "Llama-2-7b-hf")
    assert "NousResearch/Llama-2-7b-hf" in said and "meta-llama/Llama-2-7b-hf" in said
