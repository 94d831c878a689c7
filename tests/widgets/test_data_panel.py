import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.folder_files import insects
from tests.lab.data.test_archives import zipped
from tests.lab.data.test_uploads import png
from tests.widgets.data_pages import done, tiles, upload
from transferlab.lab.data.data_choice import EditedData, FolderData
from transferlab.widgets import data_panel


def test_a_page_that_says_hello_gets_state_and_pictures(opened):
    shown = opened()
    state = shown.state
    assert (state["kind"], state["in_use"], state["failure"], state["task"]) == ("world", True, "", "")
    assert state["classes"][0] == {"name": "anchor", "train": 6, "held_out": 25}
    assert state["code"] == 'data = tl.worlds.target("objects", per_class=6)'
    assert json.loads(json.dumps(state)) == state
    content, buffers = shown.messages("page")[-1]
    assert (content["pages"], content["count"], len(content["tiles"])) == (2, 48, 40)
    sheet = np.asarray(Image.open(io.BytesIO(buffers[0])))
    images = shown.panel.draft.splits.train
    for place in (0, 9, 39):
        row, column = divmod(place, content["columns"])
        tile = sheet[64 * row : 64 * row + 64, 64 * column : 64 * column + 64]
        key, label, _ = content["tiles"][place]
        assert (tile.transpose(2, 0, 1) == images.images[key].numpy()).all()
        assert label == images.class_names[images.labels[key]]


def test_pages_can_be_turned(opened):
    shown = opened()
    shown.press("page", part="held_out", label="snail", number=0)
    assert [label for _, label, _ in tiles(shown)] == ["snail"] * 25
    for part, number in (("test", 0), ("train", "x"), (None, 0)):
        assert "There is no page" in shown.press("page", part=part, number=number)[0][0]["text"]
    shown.press("page", part="train", number=99)
    assert shown.messages("page")[-1][0]["number"] == 1


def test_a_dragged_slider_shows_examples_and_its_end_the_whole(opened):
    shown = opened()
    shown.press("turn_a_little", domain_gap=0.5)
    done(shown)
    content, buffers = shown.messages("preview")[-1]
    assert content["labels"][:8] == list(shown.panel.draft.splits.train.class_names)
    assert Image.open(io.BytesIO(buffers[0])).size == (8 * 48, 5 * 48)
    shown.press("turn", domain_gap=0.5)
    done(shown)
    assert shown.state["last"]["world"]["domain_gap"] == 0.5
    assert not shown.state["in_use"]


def test_knobs_that_cannot_be_are_a_sentence(opened):
    shown = opened()
    shown.press("turn", gap=1)
    assert "no knob 'gap'" in shown.sentences[-1]
    shown.press("turn", per_class=0)
    done(shown)
    assert "at least 1" in shown.state["failure"]
    assert tiles(shown) == []
    shown.press("use")
    assert "at least 1" in shown.sentences[-1]
    shown.press("turn", per_class=2)
    done(shown)
    assert shown.state["failure"] == ""
    assert len(tiles(shown)) == 16


def test_pictures_are_relabelled_dropped_brought_back_and_used(opened):
    shown = opened()
    key = tiles(shown)[0][0]
    shown.press("relabel", pictures=[["train", key]], label="snail")
    assert [key, "snail", "anchor"] in tiles(shown)
    shown.press("drop", pictures=[["train", key], ["held_out", 3]])
    assert shown.state["edits"] == 2
    assert shown.state["undoes"] == "2 pictures dropped"
    assert key not in [one[0] for one in tiles(shown)]
    shown.press("undo")
    assert shown.sentences[-1] == "Undone: 2 pictures dropped."
    assert [key, "snail", "anchor"] in tiles(shown)
    shown.press("use")
    done(shown)
    assert isinstance(shown.panel.session.settings.data, EditedData)
    assert shown.state["in_use"]
    assert "Edits(relabelled" in shown.panel.session.code()
    for name, content in (("drop", {"pictures": []}), ("relabel", {"pictures": [["train", 0]], "label": "cow"})):
        shown.press(name, **content)
        assert ("Select a picture" if name == "drop" else "No class 'cow'") in shown.sentences[-1]


def test_a_reload_loses_no_edit(opened):
    shown = opened()
    shown.press("drop", pictures=[["train", 0]])
    shown.sent.clear()
    shown.hello()
    assert shown.state["edits"] == 1
    assert shown.state["undoes"] == "1 picture dropped"
    assert 0 not in [key for key, *_ in tiles(shown)]


def test_a_folder_is_opened(opened, tree):
    root = tree({**insects("set/", ants=6, bees=6), "set/ants/notes.txt": b"hello"}) / "set"
    shown = opened()
    shown.press("folder", path=f" {root} ", per_class=3, size=64)
    done(shown)
    state = shown.state
    assert [one["train"] for one in state["classes"]] == [3, 3]
    assert state["left_out"] == [["ants/notes.txt", "not an image (.txt)"]]
    assert state["num_left_out"] == 1
    assert state["notes"] == ["skipped 1: not an image (1)"]
    shown.press("folder", path="")
    assert "Type the path" in shown.sentences[-1]
    shown.press("folder", path="nowhere")
    done(shown)
    assert "No folder 'nowhere'" in shown.state["failure"]


def test_a_set_that_is_not_there_is_a_sentence(opened, here, monkeypatch):
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(here))
    shown = opened()
    shown.press("torchvision", name="CIFAR10", per_class=None, limit=2000, size=64)
    done(shown)
    assert "download=True" in shown.state["failure"]
    assert shown.state["kind"] == "torchvision"


def test_uploads_become_images_that_the_shown_line_reads(opened):
    import transferlab as tl

    shown = opened()
    upload(shown, [(f"{i}.png", png(i)) for i in range(5)], "ants")
    assert "Only one class, 'ants'" in shown.state["failure"]
    assert shown.state["collection"]["counts"] == {"ants": 5}
    upload(shown, [("bees.zip", zipped([(f"bees/{i}.png", png(50 + i)) for i in range(5)]))])
    assert shown.messages("uploaded")[-1][0] == {"text": "5 pictures added to 'bees'.", "added": 5}
    state = shown.state
    assert (state["kind"], state["failure"]) == ("folder", "")
    assert state["classes"] == [{"name": name, "train": 4, "held_out": 1} for name in ("ants", "bees")]
    assert state["code"] == 'data = tl.folder_splits("transferlab-data/mine")'
    shown.press("use")
    done(shown)
    read = tl.folder_splits("transferlab-data/mine")
    assert shown.panel.session.data.train.files == read.train.files
    assert shown.panel.session.data.train.images.equal(read.train.images)


def test_more_pictures_in_the_same_folder_are_other_images(opened):
    shown = opened()
    upload(shown, [(f"{name}/{i}.png", png(10 * k + i)) for k, name in enumerate(("ants", "bees")) for i in range(4)])
    shown.press("use")
    done(shown)
    assert shown.state["in_use"]
    upload(shown, [(f"{i}.png", png(100 + i)) for i in range(4)], "ants")
    assert not shown.state["in_use"]
    shown.press("use")
    done(shown)
    assert shown.panel.session.data.train.counts() == {"ants": 6, "bees": 3}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.txt", b"hello", "not a picture"),
        ("empty.jpg", b"", "empty file"),
        ("evil.zip", zipped([("../../evil.png", png(1))]), "a path out of its folder"),
        ("broken.zip", zipped([("a.png", png(1))])[:40], "not a whole zip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # a zip's bytes hold the time of day
)
def test_bad_uploads_are_told_and_the_lab_goes_on(opened, name, content, words):
    shown = opened()
    before = shown.panel.draft.base
    upload(shown, [(name, content)], "ants")
    assert words in shown.messages("uploaded")[-1][0]["text"]
    assert shown.messages("uploaded")[-1][0]["added"] == 0
    assert shown.panel.draft.base == before
    upload(shown, [("ants/1.png", png(1)), (name, content), ("bees/2.png", png(2)), ("bees/3.png", png(3))], "")
    assert shown.messages("uploaded")[-1][0]["added"] == 3
    assert words in " ".join(reason for _, reason in shown.state["left_out"]) or "type the class" in str(shown.state)


def test_pieces_that_do_not_fit_are_refused_and_answered(opened):
    shown = opened()
    shown.press("begin")
    for size, at in ((10**12, 0), (100, 50), ("x", 0)):
        content = {"name": "a.png", "file": 0, "size": size, "at": at, "class_name": "ants"}
        shown.panel._receive(None, {"kind": "act", "name": "piece", "content": content, "number": 1}, [b"x"])
        assert shown.messages("got")[-1][0]["refused"]
    shown.press("finish")
    done(shown)
    assert shown.messages("uploaded")[-1][0]["text"] == "No picture added; 3 files left out."


def test_a_disk_that_cannot_be_written_stops_the_upload(opened, here):
    (here / "transferlab-data").write_text("a file stands here")
    shown = opened()
    shown.press("begin")
    content = {"name": "a.png", "file": 0, "size": len(png(1)), "at": 0, "class_name": "ants"}
    shown.panel._receive(None, {"kind": "act", "name": "piece", "content": content, "number": 1}, [png(1)])
    done(shown)
    assert shown.messages("got")[-1][0] == {"file": 0, "refused": True, "stop": True}
    assert "Could not write" in shown.sentences[-1]


def test_another_collection(opened):
    shown = opened()
    shown.press("collection", name="insects", per_class=None, size=64)
    done(shown)
    assert shown.state["collection"]["path"] == "transferlab-data/insects"
    assert shown.state["collection"]["counts"] == {}
    assert (shown.state["failure"], shown.state["in_use"]) == ("", True)  # nothing to look at is no mistake
    shown.press("collection", name="..", per_class=None, size=64)
    assert "cannot be the name" in shown.sentences[-1]
    assert shown.panel.desk.collection.name == "insects"


def test_images_of_the_notebook_can_be_come_back_to(opened, two_colours):
    shown = opened(two_colours)
    assert shown.state["given"]
    shown.press("turn", per_class=2)
    done(shown)
    assert shown.state["kind"] == "world"
    shown.press("given")
    done(shown)
    assert (shown.state["kind"], shown.state["in_use"]) == ("given", True)
    other = opened()
    other.press("given")
    assert "No images of your own" in other.sentences[-1]


def test_a_run_keeps_its_images(opened, slow_steps):
    from tests.lab.conftest import until

    shown = opened(epochs=50)
    shown.panel.session.start()
    until(lambda: shown.panel.session.state == "running")
    shown.press("turn", per_class=2)
    done(shown)
    assert shown.state["busy"]
    shown.press("use")
    assert "A run is on with its own images" in shown.sentences[-1]


def test_what_is_chosen_elsewhere_is_shown(opened, tree):
    root = tree(insects("set/", ants=5, bees=5)) / "set"
    shown = opened()
    shown.panel.session.choose(data=FolderData(str(root)))
    done(shown)
    assert (shown.state["kind"], shown.state["in_use"]) == ("folder", True)
    assert len(tiles(shown)) == 8


def test_few_reasons_go_to_the_page_however_many_there_are(opened, monkeypatch):
    monkeypatch.setattr(data_panel, "MOST_TOLD", 2)
    shown = opened()
    good = [(f"{name}/{i}.png", png(10 * k + i)) for k, name in enumerate(("ants", "bees")) for i in range(2)]
    upload(shown, [*good, *((f"ants/{i}.txt", b"no") for i in range(5))])
    assert len(shown.state["left_out"]) == 2
    assert shown.state["num_left_out"] == 5


def test_the_images_in_words(opened):
    words = opened().panel.in_words()
    assert words == (
        "Images: 48 to train on and 200 held out, of anchor, bird, fir tree, guitar, magnifier, snail, teapot, "
        "wine glass."
    )
