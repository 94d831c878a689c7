from dataclasses import replace

import pytest
import torch

from transferlab import Run, predict
from transferlab.lab.past.recording import load_recording
from transferlab.lab.past.run_files import PART, Upload, final_model, write_run
from transferlab.meters import accuracy


@pytest.fixture
def session(make_session):
    session = make_session()
    session.start(blocking=True)
    return session


def test_each_kind_of_file(session, tmp_path):
    one = session.runs[0]
    path, said = write_run(session, one, "record", tmp_path)
    assert (path.name, Run.load(path)) == ("run-1.json", one.run)
    assert said.startswith("run-1.json")
    path, said = write_run(session, one, "recording", tmp_path, note="mine")
    recording = load_recording(path)
    assert (recording.note, recording.finished.run) == ("mine", one.run)
    assert set(recording.state.tensors) < set(one.snapshots[-1].tensors)  # against the backbone, not all of it
    path, said = write_run(session, one, "safetensors", tmp_path)
    assert "the same predictions on 16 held-out images" in said
    path, said = write_run(session, one, "record", tmp_path)
    assert path.name == "run-1-2.json"  # what is there stays
    with pytest.raises(ValueError, match=r"No kind of file 'record\.'.*Did you mean 'record'"):
        write_run(session, one, "record.", tmp_path)


def test_onnx_is_checked_on_the_runs_own_images(session, tmp_path):
    pytest.importorskip("onnxruntime")
    path, said = write_run(session, session.runs[0], "onnx", tmp_path)
    assert path.name == "run-1.onnx"
    assert "16 held-out images" in said


def test_the_model_is_the_one_that_was_measured(session):
    one = session.runs[0]
    model = final_model(session, one)
    images = session.data.held_out
    assert accuracy(predict(model, images), images.labels) == one.run.accuracy
    with pytest.raises(ValueError, match="Of run 1 no state"):
        final_model(session, replace(one, snapshots=()))


def test_from_scratch_claims_no_pretrained_weights(make_session):
    session = make_session("bundled", recipe="from_scratch", length=0.1)
    session.choose(length=0.02)
    session.start(blocking=True)
    model = final_model(session, session.runs[0])
    assert not model.card.pretrained
    assert torch.equal(model.fc.bias, session.runs[0].snapshots[-1].tensors["fc.bias"])


def test_an_upload_comes_together(tmp_path):
    upload = Upload("../../etc/my run!.transferlab", 2, tmp_path)
    assert upload.path.parent == tmp_path
    assert upload.path.name == "my run.transferlab"
    upload.take(bytes(PART))
    assert not upload.is_whole
    upload.take(memoryview(b"end"))
    assert upload.is_whole
    assert upload.path.read_bytes() == bytes(PART) + b"end"
    with pytest.raises(ValueError, match="Choose the file again"):
        upload.take(b"more")
    assert Upload("my run.transferlab", 1, tmp_path).path.name == "my run-2.transferlab"
    assert Upload("..transferlab", 1, tmp_path).path.name == "recording.transferlab"


@pytest.mark.parametrize(
    ("name", "parts"),
    [("run.zip", 1), (None, 1), ("run.transferlab/..", 1), ("a.transferlab", 0), ("a.transferlab", 10**6),
     ("a.transferlab", "2"), ("a.transferlab", True)],
)  # fmt: skip
def test_what_is_no_upload(name, parts, tmp_path):
    with pytest.raises(ValueError, match=r"A recording is a|too large for a recording"):
        Upload(name, parts, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", [b"", bytes(PART + 1)])
def test_a_part_of_a_wrong_size(part, tmp_path):
    with pytest.raises(ValueError, match="of a wrong size"):
        Upload("a.transferlab", 2, tmp_path).take(part)
