"""What the files of distributions show against RECORD, looked at by one process or by two."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from doctor.probes import apart
from doctor.probes.packages import files, metadata

BODY = "import os\nVALUE = 1\n"


def install(site: Path, name: str, listed: dict[str, str], ending: str = "\n") -> None:
    """A distribution with these files, its RECORD last."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    texts = {
        f"{info.name}/METADATA": f"Name: {name}\nVersion: 1.0\n\n",
        f"{info.name}/INSTALLER": "uv\n",
        **listed,
    }
    for path, text in texts.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
    quoted = {path: f'"{path}"' if "," in path else path for path in texts}
    lines = [f"{quoted[path]},sha256=x_y,{len(text)}" for path, text in texts.items()]
    (info / "RECORD").write_text(ending.join([*lines, f"{info.name}/RECORD,,", ""]), newline="")


@pytest.fixture(params=["alone", "two"])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six distributions that are whole, and one way of looking at them."""
    for number in range(6):
        name = f"pack{number}"
        listed = {
            f"{name}/__init__.py": BODY,
            f"{name}/sub/deep.py": BODY,
            f"{name}/a,b.txt": "",
            f"{name}/x.so": BODY,
        }
        install(tmp_path, name, listed, "\r\n" if number == 2 else "\n")
    monkeypatch.setattr(apart, "possible", lambda: request.param == "two")
    return tmp_path


def look(site: Path) -> files.Recorded:
    return files.check(metadata.read_all(site)[0], site)


def test_whole_ones_show_nothing(site: Path) -> None:
    assert look(site) == files.Recorded()


@pytest.mark.parametrize("number", [0, 2, 5])
def test_what_is_missing_cut_or_blank_is_damage(site: Path, number: int) -> None:
    folder = site / f"pack{number}"
    (folder / "sub" / "deep.py").write_text(BODY[:-7] + "(")  # cut, and no Python any more
    (folder / "__init__.py").write_bytes(bytes(len(BODY)))
    (folder / "x.so").unlink()
    (one,) = look(site).damaged
    assert (one.name, one.count) == (f"pack{number}", 3)
    assert one.files == tuple(f"pack{number}/{name}" for name in ("__init__.py", "sub/deep.py", "x.so"))


def blank(path: Path) -> None:
    """The size stays, the content is lost."""
    path.write_bytes(bytes(path.stat().st_size))


def later(site: Path) -> float:
    return max(record.stat().st_mtime for record in site.glob("*/RECORD")) + 1


def test_one_deep_in_a_package_is_read_when_it_was_written_after_the_install(site: Path) -> None:
    deep = site / "pack4/sub/deep.py"
    blank(deep)
    os.utime(deep, (later(site),) * 2)
    (one,) = look(site).damaged
    assert (one.name, one.files) == ("pack4", ("pack4/sub/deep.py",))


def test_one_deep_in_a_package_is_read_when_the_disk_keeps_nothing_of_it(site: Path) -> None:
    deep = site / "pack4/sub/deep.py"
    size = deep.stat().st_size
    os.truncate(deep, 0)
    os.truncate(deep, size)
    os.utime(deep, (0, 0))
    assert deep.stat().st_blocks == 0
    assert [one.name for one in look(site).damaged] == ["pack4"]


def test_all_are_read_once_one_is_blank(site: Path) -> None:
    """As long as nothing shows, what is old and has its blocks is not read."""
    for name in ("pack3", "pack5"):
        blank(site / name / "sub/deep.py")
        os.utime(site / name / "sub/deep.py", (0, 0))
    assert look(site).damaged == ()
    blank(site / "pack4/__init__.py")
    assert [one.name for one in look(site).damaged] == ["pack3", "pack4", "pack5"]


def test_a_copied_environment_is_not_read_to_its_end(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in site.glob("*/sub/deep.py"):
        os.utime(path, (later(site),) * 2)
    assert look(site) == files.Recorded()
    monkeypatch.setattr(files, "SUSPECTS", 0)
    blank(site / "pack4/sub/deep.py")
    assert look(site) == files.Recorded()


def test_one_that_somebody_edited_is_no_damage(site: Path) -> None:
    (site / "pack3" / "sub" / "deep.py").write_text(BODY + "MORE = 2\n")
    seen = look(site)
    assert (seen.edited, seen.damaged) == (("pack3/sub/deep.py",), ())


def test_two_owners_of_a_path_may_state_two_sizes(site: Path) -> None:
    install(site, "second", {"pack0/__init__.py": BODY + "# newer\n"})
    assert look(site).damaged == ()


def test_what_time_does_not_allow_is_told(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SECONDS", -1.0)
    assert look(site).unchecked == tuple(f"pack{number}" for number in range(6))


def test_a_part_whose_process_died_is_looked_at_all_the_same(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = os.getpid()
    whole = files._look_at

    def dying(*args: object) -> files.Seen:
        if os.getpid() != ours:
            os._exit(1)
        return whole(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "_look_at", dying)
    (site / "pack5" / "x.so").unlink()
    assert [one.name for one in look(site).damaged] == ["pack5"]


def test_what_was_seen_travels_whole() -> None:
    seen = files.Seen({"a": files.Look(bad=["x"], edited=["y"], closed=["z"], of_root=True)})
    assert msgspec.json.decode(msgspec.json.encode(seen), type=files.Seen) == seen
