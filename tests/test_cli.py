import json
import os
import zipfile
from pathlib import Path

import pytest

import transferlab
from tests.test_comparison import write_folder
from transferlab.cli import main
from transferlab.records import Epoch, Run

PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "data" / "hymenoptera_data.zip"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_main_job_with_no_arguments_but_quick(elsewhere, capsys):
    assert main(["run", "--quick"]) == 0
    out = capsys.readouterr().out
    for expected in ("conv1", "frozen", "gradual unfreezing", "from scratch", "95 % interval", "source accuracy"):
        assert expected in out
    values = json.loads(Path("transferlab-run/run.json").read_text())
    runs = {run["recipe"]: Run.from_dict(run) for run in values["runs"]}
    assert list(runs) == ["feature_extraction", "gradual_unfreezing", "from_scratch"]
    assert runs["feature_extraction"].source_before == runs["feature_extraction"].source_after > 0.8
    assert runs["gradual_unfreezing"].accuracy > runs["from_scratch"].accuracy
    assert Path("transferlab-run/curves.png").read_bytes()[:4] == b"\x89PNG"
    assert sorted(os.listdir("transferlab-run")) == ["curves.png", "run.json"]


def test_json_is_all_that_standard_output_holds(elsewhere, capsys):
    folder = write_folder(elsewhere / "colours", per_class=6)
    command = ["run", "--data", str(folder), "--recipe", "feature_extraction", "--quick", "--json", "--out", "here"]
    assert main([*command, "--per-class", "3"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values == json.loads(Path("here/run.json").read_text())
    assert values["runs"][0]["num_train"] == 6


def test_the_same_command_gives_the_same_run(elsewhere):
    command = [
        "run",
        "--quick",
        "--data",
        "tissue",
        "--per-class",
        "2",
        "--recipe",
        "gradual_unfreezing",
        "--seed",
        "3",
    ]
    results = []
    for out in ("a", "b"):
        assert main([*command, "--out", out]) == 0
        results.append([Run.from_dict(run) for run in json.loads(Path(out, "run.json").read_text())["runs"]])
    assert results[0] == results[1]


def test_a_run_that_was_interrupted_goes_on_to_the_same_result(elsewhere, capsys, monkeypatch):
    from transferlab import comparison

    folder = write_folder(elsewhere / "colours", per_class=6)
    command = ["run", "--data", str(folder), "--quick", "--recipe", "feature_extraction", "--recipe", "fine_tuning"]
    assert main([*command, "--out", "whole"]) == 0
    fit, epochs = comparison.fit, []

    def interrupted(*arguments, **named):
        for record in fit(*arguments, **named):
            yield record
            if isinstance(record, Epoch):
                epochs.append(record)
                if len(epochs) == 6:  # in the second recipe
                    raise KeyboardInterrupt

    monkeypatch.setattr(comparison, "fit", interrupted)
    kept = ["--checkpoints", "kept", "--out", "parts"]
    assert main([*command, *kept]) == 130
    assert "go on with --checkpoints kept --resume" in capsys.readouterr().err
    assert not Path("parts/run.json").exists()
    monkeypatch.setattr(comparison, "fit", fit)
    assert main([*command, *kept]) == 2  # without --resume nothing that is there is overwritten
    assert "resume" in capsys.readouterr().err
    assert main([*command, *kept, "--resume"]) == 0
    whole, parts = (json.loads(Path(f"{name}/run.json").read_text())["runs"] for name in ("whole", "parts"))
    assert [Run.from_dict(run) for run in whole] == [Run.from_dict(run) for run in parts]


def test_several_seeds_give_an_interval(elsewhere, capsys):
    folder = write_folder(elsewhere / "colours", per_class=6)
    command = ["run", "--data", str(folder), "--recipe", "feature_extraction", "--quick", "--seeds", "2"]
    assert main(command) == 0
    assert "±" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--recipe", "fine_tunin"], "Did you mean 'fine_tuning'?"),
        (["--data", "satelite"], "Did you mean 'satellite'?"),
        (["--backbone", "bundeld"], "Did you mean 'bundled'?"),
        (["--device", "tpu"], "This machine offers: cpu"),
        (["--per-class", "0"], "you gave 0"),
        (["--seeds", "0"], "you gave 0"),
        (["--resume"], "--resume needs the folder"),
    ],
)
def test_a_slip_ends_in_one_sentence_and_no_file(elsewhere, capsys, arguments, sentence):
    assert main(["run", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("transferlab: ")
    assert sentence in captured.err
    assert "Traceback" not in captured.err
    assert not Path("transferlab-run/run.json").exists()


def test_a_place_that_cannot_be_written_is_said_before_training(elsewhere, capsys):
    Path("file").write_text("")
    assert main(["run", "--quick", "--out", "file/run"]) == 2
    assert "file" in capsys.readouterr().err


def test_fetch_says_what_it_cannot_fetch(capsys):
    assert main(["fetch", "torchvision/resnet5O"]) == 2
    assert "Did you mean" in capsys.readouterr().err


def test_the_version_is_the_packages(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == f"transferlab {transferlab.__version__}"


@pytest.fixture(scope="session")
def ants_and_bees(tmp_path_factory):
    if not PHOTOS.exists():
        pytest.skip(f"the ants-and-bees photos are not here ({PHOTOS.name}); the README says where they come from")
    folder = tmp_path_factory.mktemp("photos")
    zipfile.ZipFile(PHOTOS).extractall(folder)
    return folder / "hymenoptera_data"


def test_real_photos_from_a_folder(elsewhere, capsys, ants_and_bees):
    command = ["run", "--data", str(ants_and_bees), "--recipe", "feature_extraction", "--json"]
    assert main(command) == 0
    run = Run.from_dict(json.loads(capsys.readouterr().out)["runs"][0])
    assert run.class_names == ("ants", "bees")
    assert (run.num_train, run.num_held_out) == (245, 153)
    assert run.accuracy > 0.65


@pytest.mark.slow
def test_pretrained_beats_scratch_on_photos_by_ten_points(elsewhere, capsys, ants_and_bees):
    command = ["run", "--data", str(ants_and_bees), "--recipe", "fine_tuning", "--recipe", "from_scratch", "--json"]
    assert main([*command, "--seeds", "3"]) == 0
    runs = [Run.from_dict(run) for run in json.loads(capsys.readouterr().out)["runs"]]
    mean = {
        name: sum(run.accuracy for run in runs if run.recipe == name) / 3 for name in ("fine_tuning", "from_scratch")
    }
    assert mean["fine_tuning"] - mean["from_scratch"] >= 0.10, mean


@pytest.mark.slow
def test_pretrained_beats_scratch_on_drawings_by_twenty_points(elsewhere, capsys):
    command = ["run", "--recipe", "gradual_unfreezing", "--recipe", "from_scratch", "--json", "--seeds", "5"]
    assert main(command) == 0
    runs = [Run.from_dict(run) for run in json.loads(capsys.readouterr().out)["runs"]]
    gains = [
        sum((1 if run.recipe == "gradual_unfreezing" else -1) * run.accuracy for run in runs if run.seed == seed)
        for seed in range(5)
    ]
    assert sum(gains) / 5 >= 0.20, gains


def test_filters_are_counted_and_drawn(elsewhere, capsys):
    assert main(["filters", "--out", "here"]) == 0
    out = capsys.readouterr().out
    assert "edge-like" in out
    assert Path("here/filters.png").read_bytes()[:4] == b"\x89PNG"


def test_explain_trains_and_looks_inside(elsewhere, capsys):
    command = ["explain", "--quick", "--per-class", "2", "--images", "4", "--judged", "2", "--method", "saliency"]
    assert main(command) == 0
    out = capsys.readouterr().out
    for expected in ("fine-tuning", "on the object ÷ its area", "randomised", "weights moved", "saliency"):
        assert expected in out
    assert sorted(os.listdir("transferlab-explain")) == ["maps.png", "verdicts.png"]


def test_what_explain_cannot_do_is_said_before_anything_is_trained(elsewhere, capsys):
    for arguments, sentence in (
        (["--method", "gradcam"], "Did you mean 'grad_cam'"),
        (["--images", "0"], "--images is a number of images, 1 or more"),
        (["--judged", "1"], "--judged is a number of images, 2 or more"),
        (["--data", "nowhere"], "neither a folder nor a drawn target"),
    ):
        assert main(["explain", *arguments]) == 2
        assert sentence in capsys.readouterr().err
    assert os.listdir() == []
