"""Which indexes pip and uv are told to use, and who says so."""

from __future__ import annotations

from pathlib import Path

from doctor.probes.installers.pip import indexes, read_pip


def told(tmp_path: Path, text: str, **environ: str) -> dict[str, str]:
    """A person with that pip.conf. `HOME` is new and empty but for it."""
    path = tmp_path / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return {"HOME": str(tmp_path), **environ}


def test_a_variable_wins_over_the_file_and_install_over_global(tmp_path: Path) -> None:
    text = "[global]\nindex_url = https://a.example/simple\n[install]\nextra-index-url = https://b.example\n"
    environ = told(tmp_path, text, PIP_INDEX_URL="https://c.example/simple")
    said = read_pip("/nowhere", environ)
    assert (said["index-url"].value, said["index-url"].source) == (
        "https://c.example/simple",
        "PIP_INDEX_URL",
    )
    assert said["extra-index-url"].source.endswith(".config/pip/pip.conf")


def test_the_environments_own_file_wins_over_the_persons(tmp_path: Path) -> None:
    environ = told(tmp_path, "[global]\nindex-url = https://a.example/simple\n")
    (tmp_path / "env").mkdir()
    (tmp_path / "env/pip.conf").write_text("[global]\nindex-url = https://b.example/simple\n")
    ((setting, extra),) = indexes(str(tmp_path / "env"), environ)
    assert setting.value == "https://b.example/simple" and not extra


def test_no_file_at_all(tmp_path: Path) -> None:
    environ = told(tmp_path, "[global]\nindex-url = https://a.example/simple\n", PIP_CONFIG_FILE="/dev/null")
    assert indexes("/nowhere", environ) == []


def test_uv_by_variable_and_by_file(tmp_path: Path) -> None:
    environ = told(tmp_path, "not a configuration", UV_INDEX="own=https://a.example/simple https://b.example")
    config = tmp_path / ".config/uv/uv.toml"
    config.parent.mkdir()
    config.write_text('[[index]]\nurl = "https://c.example"\ndefault = true\n')
    found = [(setting.value, extra) for setting, extra in indexes("/nowhere", environ)]
    assert found == [
        ("https://a.example/simple", True),
        ("https://b.example", True),
        ("https://c.example", False),
    ]


def test_what_stage_0_translated_is_the_same_index(tmp_path: Path) -> None:
    environ = told(
        tmp_path,
        "[global]\nindex-url = https://a.example/simple/\n",
        UV_DEFAULT_INDEX="https://a.example/simple",
    )
    ((setting, _),) = indexes("/nowhere", environ)
    assert setting.source.endswith("pip.conf")
