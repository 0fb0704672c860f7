"""The Hub's client really misled: settings, token, cache; each diagnosed, and its healthy twin not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from doctor.checks import judge
from doctor.facts import Hub
from doctor.facts.hub import Cache
from doctor.goal import Goal, System
from doctor.probes import gather
from doctor.probes.hub.token import other_people, shape
from tests.conftest import missing
from tests.faults.cache import HTML, POINTER, blob_of, fill_cache
from tests.faults.patient import Diagnosis, bare_environ, diagnose
from tests.hub.models import WEIGHTS

MIRROR = "https://hf-mirror.com"
TOKEN = "hf_" + "aB3" * 11 + "x"


@pytest.fixture
def person(home: Path, empty_env: Path) -> dict[str, str]:
    """Somebody with an environment of their own and a whole cache in the usual place."""
    fill_cache(home / ".cache/huggingface/hub")
    return bare_environ(home, TARGET=str(empty_env))


@pytest.fixture
def hub(home: Path) -> Path:
    return home / ".cache/huggingface/hub"


@pytest.fixture
def snapshot(person: dict[str, str], hub: Path) -> Path:
    return next(hub.glob("models--*/snapshots/*"))


def look(environ: dict[str, str], *args: str, area: str = "host,disk,hub", **how: object) -> Diagnosis:
    return diagnose(environ, "--area", area, *args, **how)  # type: ignore[arg-type]


def install(prefix: Path, name: str, version: str) -> None:
    """The metadata of a distribution: all that the doctor reads of it."""
    info = next(prefix.glob("lib/python3*/site-packages")) / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text("")


def test_a_whole_cache_and_sound_settings_are_no_fault(person: dict[str, str], hub: Path) -> None:
    (hub / ".locks/models--org--model").mkdir(parents=True)
    (hub / ".locks/models--org--model/x.lock").touch()  # a lock file that nobody holds
    (hub / "models--org--model/blobs/abc.incomplete").write_bytes(b"old")
    (hub.parent / "token").write_text(f" {TOKEN}\n")
    said = look({**person, "HF_ENDPOINT": f"{MIRROR}/", "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"})
    assert (said.complaints, said.code) == ([], 0)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("hf-mirror.com", "hf-endpoint-no-scheme"),
        ("https//hf-mirror.com", "hf-endpoint-no-scheme"),
        ('"https://hf-mirror.com"', "hf-endpoint-quoted"),
        ("“https://hf-mirror.com”", "hf-endpoint-quoted"),
        ("", "hf-endpoint-empty"),
    ],
)
def test_an_endpoint_that_is_none_is_a_finding_and_no_refusal(
    person: dict[str, str], value: str, name: str
) -> None:
    said = look({**person, "HF_ENDPOINT": value})
    assert (said.failed, said.code) == ([name], 1)


def test_the_line_that_sets_the_endpoint_is_named(person: dict[str, str], home: Path) -> None:
    (home / ".bashrc").write_text("# mine\nexport HF_ENDPOINT=hf-mirror.com\n")
    finding = look({**person, "HF_ENDPOINT": "hf-mirror.com"}).of("hf-endpoint-no-scheme")
    assert "~/.bashrc:2" in finding["evidence"]
    assert ["export", "HF_ENDPOINT=https://hf-mirror.com"] in finding["remedy"]["commands"]


def test_a_password_in_the_endpoint_is_told_and_not_kept(person: dict[str, str], tmp_path: Path) -> None:
    saved = tmp_path / "facts.json"
    said = look({**person, "HF_ENDPOINT": "https://me:s3cretword@mirror.example/"}, "--save", str(saved))
    assert said.complaints == ["hf-endpoint-holds-password"]
    assert "s3cretword" not in saved.read_text() + str(said.findings)


def test_xet_goes_past_a_mirror(person: dict[str, str], empty_env: Path) -> None:
    install(empty_env, "hf_xet", "1.8.0")
    areas = "host,disk,hub,packages"
    assert "hf-xet-bypasses-mirror" in look({**person, "HF_ENDPOINT": MIRROR}, area=areas).complaints
    switched_off = {**person, "HF_ENDPOINT": MIRROR, "HF_HUB_DISABLE_XET": "1"}
    assert "hf-xet-bypasses-mirror" not in look(switched_off, area=areas).complaints
    official = {**person, "HF_ENDPOINT": "https://huggingface.co"}
    assert "hf-xet-bypasses-mirror" not in look(official, area=areas).complaints


def test_fast_download_without_its_package(person: dict[str, str], empty_env: Path) -> None:
    install(empty_env, "huggingface_hub", "0.36.2")
    asked = {**person, "HF_HUB_ENABLE_HF_TRANSFER": "1"}
    assert "hf-transfer-without-package" in look(asked, area="hub,packages").failed
    install(empty_env, "hf_transfer", "0.1.9")
    assert "hf-transfer-without-package" not in look(asked, area="hub,packages").failed


def test_offline_mode_left_on_with_nothing_to_load(home: Path, empty_env: Path) -> None:
    environ = bare_environ(home, TARGET=str(empty_env), HF_HUB_OFFLINE="yes")
    assert look(environ).failed == ["hf-offline-left-on"]


def test_offline_mode_with_models_is_deliberate(person: dict[str, str]) -> None:
    said = look({**person, "HF_HUB_OFFLINE": "1"})
    assert said.complaints == [] and said.of("hf-offline-left-on")["severity"] == "info"


@pytest.mark.parametrize("token", [f'"{TOKEN}"', "hf_ａｂｃ", "hf_xxxxxxxx", f"Bearer {TOKEN}"])
def test_a_token_that_no_server_takes(person: dict[str, str], tmp_path: Path, token: str) -> None:
    saved = tmp_path / "facts.json"
    said = look({**person, "HF_TOKEN": token}, "--save", str(saved))
    assert said.failed == ["hf-token-malformed"]
    assert token.strip('"') not in saved.read_text() + str(said.findings)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (TOKEN, "fine"),
        ("hf_oauth_eyJhbGciOi.abc-def_g", "fine"),
        ("eyJhbGciOi.eyJzdWIi.c2lnbmF0", "fine"),
        ("corporate-0123456789", "unusual"),
        ("hf_your_token_here", "placeholder"),
        ("<your token>", "placeholder"),
    ],
)
def test_shapes_of_tokens(token: str, expected: str) -> None:
    assert shape(token) == expected


def test_a_token_file_that_others_can_read(person: dict[str, str], hub: Path, open_folder: Path) -> None:
    path = open_folder / "token"
    path.write_text(TOKEN)
    path.chmod(0o644)
    environ = {**person, "HF_TOKEN_PATH": str(path)}
    said = look(environ).of("hf-token-readable-by-others")
    assert said["severity"] == ("warn" if other_people() else "info") and "0644" in said["evidence"]
    path.chmod(0o600)
    assert not [f for f in look(environ).findings if f["id"] == "hf-token-readable-by-others"]


@pytest.fixture
def open_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that other users can reach, which pytest's are not."""
    folder = Path(f"/tmp/groundwork-open-{os.getpid()}")
    folder.mkdir(mode=0o755)
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def test_a_token_in_the_environment_hides_the_file(person: dict[str, str], hub: Path) -> None:
    (hub.parent / "token").write_text("hf_" + "Zy9" * 11)
    said = look({**person, "HF_TOKEN": TOKEN})
    assert said.complaints == [] and said.of("hf-token-shadowed")["severity"] == "info"


@pytest.mark.parametrize("content", [POINTER, HTML, "", "x" * 500])
def test_weights_that_are_none(person: dict[str, str], snapshot: Path, content: str) -> None:
    blob_of(snapshot).write_text(content)
    said = look(person)
    assert said.failed == ["weights-file-is-not-weights"]
    assert str(blob_of(snapshot)) in said.of("weights-file-is-not-weights")["remedy"]["commands"][0]


def test_weights_that_were_cut_off(person: dict[str, str], snapshot: Path) -> None:
    blob = blob_of(snapshot)
    blob.write_bytes(blob.read_bytes()[:-100])
    assert look(person).failed == ["weights-file-is-not-weights"]


def test_a_clone_without_lfs_beside_the_notebooks(person: dict[str, str], home: Path) -> None:
    clone = home / "models" / "gpt2"
    clone.mkdir(parents=True)
    (clone / "config.json").write_text("{}")
    (clone / WEIGHTS).write_text(POINTER)
    said = look(person)
    assert said.failed == ["weights-file-is-not-weights"]
    assert said.of(said.failed[0])["remedy"]["commands"][0][-2:] == ["lfs", "pull"]


def test_a_pipe_in_the_cache_holds_nobody(person: dict[str, str], snapshot: Path) -> None:
    blob = blob_of(snapshot)
    blob.unlink()
    os.mkfifo(blob)
    began = time.monotonic()
    assert look(person).failed == ["weights-file-is-not-weights"]
    assert time.monotonic() - began < 10


def test_a_blob_that_was_deleted(person: dict[str, str], snapshot: Path) -> None:
    blob_of(snapshot).unlink()
    assert look(person).failed == ["cache-broken-symlink"]


def test_a_cache_copied_without_its_blobs(person: dict[str, str], snapshot: Path) -> None:
    for blob in (snapshot.parent.parent / "blobs").iterdir():
        blob.unlink()
    said = look(person)
    assert said.failed == ["cache-broken-symlink"]
    assert "blobs folder is empty" in said.of("cache-broken-symlink")["evidence"]


def test_a_name_without_its_snapshot(person: dict[str, str], snapshot: Path) -> None:
    ref = snapshot.parent.parent / "refs" / "main"
    ref.write_text("d" * 40)
    assert look(person).complaints == ["cache-ref-without-snapshot"]
    (snapshot.parent.parent / ".no_exist" / ("d" * 40)).mkdir(parents=True)  # the client noted a missing file
    assert look(person).complaints == []


def test_models_in_a_place_that_another_variable_hides(person: dict[str, str], tmp_path: Path) -> None:
    said = look({**person, "HF_HUB_CACHE": str(tmp_path / "elsewhere")})
    assert said.complaints == ["cache-variables-disagree"]
    assert look({**person, "HF_HUB_CACHE": f"{person['HOME']}/.cache/huggingface/hub"}).complaints == []


def test_the_old_variable_of_transformers(person: dict[str, str], empty_env: Path, tmp_path: Path) -> None:
    install(empty_env, "transformers", "4.57.6")
    said = look({**person, "TRANSFORMERS_CACHE": str(tmp_path / "old")}, area="hub,packages")
    assert "cache-variables-disagree" in said.complaints


def test_a_cache_of_another_user(person: dict[str, str], hub: Path) -> None:
    """Root without its capabilities is bound by permissions as everybody is."""
    if os.geteuid() != 0:
        missing("root", "chown needs root")
    subprocess.run(["chown", "-R", "65534:65534", str(hub)], check=True)
    bound = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    said = look(person, prefix=bound)
    assert said.failed == ["cache-owned-by-another-user"]
    assert "nobody" in said.of("cache-owned-by-another-user")["evidence"]
    assert look(person).failed == []


def test_a_cache_that_is_a_link_to_a_disk_that_is_gone(home: Path, empty_env: Path, tmp_path: Path) -> None:
    (home / "hf").symlink_to(tmp_path / "not-mounted")
    environ = bare_environ(home, TARGET=str(empty_env), HF_HOME=str(home / "hf"))
    assert look(environ).failed == ["hf-home-not-a-folder"]
    (tmp_path / "not-mounted").mkdir()
    assert look(environ).complaints == []


def test_a_token_of_root(person: dict[str, str], hub: Path) -> None:
    if os.geteuid() != 0:
        missing("root", "chown needs root")
    token = hub.parent / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    os.chown(token, 65534, 65534)
    assert look(person, prefix=["setpriv", "--bounding-set=-all", "--inh-caps=-all"]).failed == [
        "hf-token-unreadable"
    ]
    assert look(person).complaints == []


def test_a_timeout_with_a_unit(person: dict[str, str]) -> None:
    assert look({**person, "HF_HUB_DOWNLOAD_TIMEOUT": "30s"}).failed == ["hf-timeout-not-a-number"]
    assert look({**person, "HF_HUB_DOWNLOAD_TIMEOUT": "30"}).complaints == []


HOLDER = """
import fcntl, sys, time
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(30)
"""


@pytest.fixture
def download(person: dict[str, str], hub: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of a blob, as the client does while it downloads."""
    lock = hub / ".locks/models--org--model/abc.lock"
    lock.parent.mkdir(parents=True)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout and holder.stdout.readline() == "held\n"
    yield holder
    holder.kill()
    holder.wait()


def test_a_download_that_is_suspended(person: dict[str, str], download: subprocess.Popen[str]) -> None:
    assert look(person).complaints == []  # it is at work
    os.kill(download.pid, 19)
    said = look(person)
    assert said.complaints == ["cache-lock-held"]
    assert f"process {download.pid}" in said.of("cache-lock-held")["evidence"]


def test_a_blob_whose_content_is_not_what_its_name_says(person: dict[str, str], snapshot: Path) -> None:
    blob = blob_of(snapshot)
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    assert look(person).failed == []  # only reading every byte shows it
    assert look(person, "--deep").failed == ["cache-blob-corrupt"]


def test_a_whole_cache_read_byte_by_byte(person: dict[str, str]) -> None:
    assert look(person, "--deep").complaints == []


def test_what_the_person_wants_of_models_is_not_asked_of_their_own_environment(goal: Goal) -> None:
    ours = judge(gather(goal, ("hub",)), goal, ("hub",))
    assert [finding.id for finding in ours] == ["models-missing"]
    system = System("/opt/env/bin/python", "/opt/env", "/opt/env/lib", adopted=False)
    theirs = msgspec.structs.replace(goal, system=system, manager="system")
    assert judge(gather(theirs, ("hub",)), theirs, ("hub",)) == ()


def test_a_cache_of_a_thousand_models_is_not_walked_to_its_end(home: Path, goal: Goal) -> None:
    hub = Path(goal.cache) / "hub"
    for number in range(400):
        folder = hub / f"models--org--m{number}/snapshots/{'a' * 40}"
        folder.mkdir(parents=True)
        for name in range(30):
            (folder / f"{name}.json").touch()
    began = time.monotonic()
    facts = gather(goal, ("hub",))
    assert time.monotonic() - began < 5
    assert isinstance(facts.hub, Hub) and isinstance(facts.hub.seen, Cache)
    assert facts.hub.seen.complete is False


# --- what the manifests say of the wanted models -----------------------------------------------------


def test_a_gated_model_needs_a_token_before_anything_is_fetched(person: dict[str, str], home: Path) -> None:
    own = {name: value for name, value in person.items() if name != "TARGET"}
    asked = {**own, "MODELS": "llama-gated,gpt2", "ENV_MANAGER": "venv"}
    finding = look(asked).of("model-gated-without-token")
    assert "https://huggingface.co/meta-llama/Llama-2-7b-hf" in finding["cause"]
    assert "model-gated-without-token" not in look({**asked, "HF_TOKEN": TOKEN}).complaints
    assert "model-gated-without-token" not in look({**asked, "MODELS": "llama,gpt2"}).complaints


def test_what_a_chosen_lecture_uses_and_is_gone(person: dict[str, str]) -> None:
    own = {name: value for name, value in person.items() if name != "TARGET"}
    finding = look({**own, "MODELS": "peft", "ENV_MANAGER": "venv"}).of("lecture-data-gone")
    assert finding["severity"] == "info" and "common_voice_11_0" in finding["title"]
    assert "Mozilla Data Collective" in finding["cause"]


def test_a_folder_that_bears_the_name_of_a_model(goal: Goal, home: Path) -> None:
    """transformers opens a folder of that name beside the notebook: here the output of a training run."""
    place = home / "course" / "lecture"
    place.mkdir(parents=True)
    (place / "pipelines.ipynb").touch()
    wanted = msgspec.structs.replace(goal, root_dir=str(home / "course"))

    def hiding() -> list[str]:
        facts = gather(wanted, ("hub",))
        return [f.evidence.en for f in judge(facts, wanted, ("hub",)) if f.id == "local-folder-hides-model"]

    assert hiding() == []
    (place / "gpt2" / "runs").mkdir(parents=True)
    (home / "course" / "data" / "gpt2").mkdir(parents=True)  # no notebook is beside it
    assert hiding() == [f"no model is in {place / 'gpt2'}"]
    (place / "gpt2" / "config.json").write_text("{}")  # a model of their own, and meant
    assert hiding() == []
