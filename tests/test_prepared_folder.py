"""What is said of a prepared folder; how one is filled is tested in test_profiles.py."""

import json

import pytest

from transferlab import health
from transferlab.prepared_folder import (
    Item,
    check,
    describe,
    exports,
    folder_in_use,
    read_manifest,
    write_manifest,
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    about = {"source": "https://example.org", "licence": "CC0", "checked": "by hand", "use": "look"}
    write_manifest(tmp_path, "binder", [describe("letters", tmp_path, [tmp_path / "abc"], **about)], [])
    return tmp_path


def test_what_is_written_is_read_again(folder):
    report = check(folder)
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2
    expected = Item("letters", "https://example.org", "CC0", "by hand", "look", 3, {"abc": (3, digest)})
    assert report.items == (expected,)
    assert str(report).startswith("✓ letters: 0.0 MB\nSet these where")
    assert "## letters\n\n- Licence: CC0\n- Source: https://example.org\n" in (folder / "LICENCES.md").read_text()


@pytest.mark.parametrize("path", ["/etc/hosts", "../other", "a/../../other", ""])
def test_no_manifest_leads_out_of_its_folder(folder, path):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["items"][0]["files"][0]["path"] = path
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="is broken, or no manifest"):
        read_manifest(folder)


def test_nor_do_the_sums_of_a_data_set(tmp_path):
    folder = tmp_path / "folder"
    (folder / "data" / "a").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"abc")
    (folder / "data" / "a" / "SHA256SUMS").write_text(f"{'0' * 64}  ../../../secret\n")
    about = {"source": "", "licence": "", "checked": "", "use": ""}
    write_manifest(folder, "binder", [describe("a", folder, [folder / "data" / "a" / "SHA256SUMS"], **about)], [])
    assert check(folder).failed == {"a": "data/a/../../../secret is missing"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"profile": 1, "items": [], "missing": []}', '{"profile": "binder"}']
)
def test_a_broken_manifest_is_said(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match=r"is broken, or no manifest.*Delete it\. Type transferlab fetch --profile"):
        check(tmp_path)


def test_the_folder_in_use_is_where_the_variables_point(folder, monkeypatch):
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    assert folder_in_use() is None
    monkeypatch.setenv("TORCH_HOME", str(folder.parent / "elsewhere"))
    assert folder_in_use() is None
    for line in exports(folder):
        name, _, value = line.removeprefix("export ").partition("=")
        monkeypatch.setenv(name, value)
    assert folder_in_use() == folder


def test_the_doctor_looks_into_it(folder, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(folder / "hub"))
    found = health._prepared()
    assert (found.outcome, found.what) == ("works", "prepared folder (binder)")
    assert found.seen == f"{folder}: letters, as its manifest says"
    (folder / "abc").unlink()
    found = health._prepared()
    assert (found.outcome, found.seen) == ("look", f"{folder}: letters: abc is missing")
    assert f"transferlab fetch --profile binder --dest {folder}" in found.remedy
