import dataclasses
import json

import pytest

from transferlab.records import Epoch, PhaseRow, Run, StageRow


def make_run(**changes) -> Run:
    epochs = (
        Epoch(0, "before", None, None, 0.7, 0.5, 0.95, {"fc": 1e-3}, 10, seconds=0.0),
        Epoch(1, "head", 0.6, 0.625, 0.5, 0.75, 0.9, {"fc": 1e-3}, 10, seconds=1.5),
        Epoch(2, "all", 0.4, 0.75, 0.3, 0.875, 0.8, {"conv1": 1e-5, "fc": 1e-3}, 90, seconds=2.0),
    )
    phases = (PhaseRow("head", 1, (StageRow("conv1", 80, None), StageRow("fc", 10, 1e-3))),)
    values = {
        "recipe": "fine_tuning", "backbone": "bundled", "data": "objects", "class_names": ("ä", "b"), "num_train": 8,
        "num_held_out": 8, "seed": 3, "device": "cpu", "settings": {"batch_size": 4, "phases": [{"epochs": 1}]},
        "phases": phases, "epochs": epochs, "source_kind": "accuracy", "versions": {"torch": "2"},
    }  # fmt: skip
    return Run(**{**values, **changes})


def test_what_a_run_says_of_itself():
    run = make_run()
    assert run.accuracy == 0.875
    assert (run.source_before, run.source_after) == (0.95, 0.8)
    assert run.trainable_parameters == 90
    assert run.seconds == 3.5


def test_a_run_survives_json(tmp_path):
    run = make_run()
    assert Run.load(run.save(tmp_path / "run.json")) == run


def test_times_do_not_count_in_comparisons_and_results_do():
    run = make_run()
    slower = make_run(epochs=tuple(dataclasses.replace(epoch, seconds=9.0) for epoch in run.epochs))
    worse = make_run(epochs=(*run.epochs[:-1], dataclasses.replace(run.epochs[-1], held_out_accuracy=0.5)))
    assert slower == run
    assert worse != run


def test_a_record_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_run().seed = 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "is not JSON"), ("[]", "holds list"), ('{"kind": "Card"}', "no saved run"), ('{"kind": "Run"}', "not fit")],
)
def test_a_file_that_is_no_run_gets_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        Run.load(path)


def test_a_missing_file_and_an_unknown_field_get_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="No file"):
        Run.load(tmp_path / "none.json")
    values = json.loads(json.dumps(make_run().to_dict()))
    with pytest.raises(ValueError, match="colour"):
        Run.from_dict({**values, "colour": "red"})


def test_a_loss_that_is_not_finite_is_never_written(tmp_path):
    run = make_run()
    broken = make_run(epochs=(dataclasses.replace(run.epochs[0], held_out_loss=float("nan")),))
    with pytest.raises(ValueError, match="JSON"):
        broken.save(tmp_path / "run.json")
    assert list(tmp_path.iterdir()) == []
