"""Networks for sound under the contract that pictures are under: stages, freezing, kept features, recipes, probes."""

import copy

import pytest
import torch

pytest.importorskip("transformers")

import transferlab as tl
from tests.sound.tiny_networks import sounds, wav2vec2, whisper
from tests.test_boundary import trained
from tests.test_contract import check_head, check_line, check_stages, wake_up
from transferlab.backbones.sound_networks.wav2vec2 import Wav2Vec2Classifier
from transferlab.backbones.sound_networks.whisper import WhisperClassifier
from transferlab.boundary import Boundary
from transferlab.data.labelled import Splits
from transferlab.data.sounds import SoundSet
from transferlab.inference import model_input
from transferlab.stages.structure import structure

BUILT = {
    "wav2vec2": lambda: Wav2Vec2Classifier(wav2vec2()),
    "wav2vec2 stable": lambda: Wav2Vec2Classifier(wav2vec2(stable=True)),
    "wav2vec2 of two layers": lambda: Wav2Vec2Classifier(wav2vec2(layers=2), projector=False),
    "whisper": lambda: WhisperClassifier(whisper()),
    "whisper without projector": lambda: WhisperClassifier(whisper(layers=2), projector=False),
    "whisper of one layer": lambda: WhisperClassifier(whisper(layers=1), projector=False),
}
every = pytest.mark.parametrize("build", BUILT.values(), ids=list(BUILT))


def test_the_stages_are_extractor_projection_layers_and_head():
    assert tl.stages(BUILT["wav2vec2"]()).names == (
        "wav2vec2.feature_extractor", "wav2vec2.feature_projection", "wav2vec2.encoder.pos_conv_embed",
        *(f"wav2vec2.encoder.layers.{i}" for i in range(4)), "projector", "classifier",
    )  # fmt: skip
    assert tl.stages(BUILT["wav2vec2 of two layers"]()).names[3:] == (
        "wav2vec2.encoder.layers.0", "wav2vec2.encoder.layers.1", "classifier"
    )  # fmt: skip
    assert tl.stages(BUILT["whisper"]()).names == (
        "encoder.conv1", "encoder.conv2", *(f"encoder.layers.{i}" for i in range(3)), "projector", "classifier"
    )  # fmt: skip
    assert tl.stages(BUILT["whisper of one layer"]()).names == (
        "encoder.conv1", "encoder.conv2", "encoder.layers.0", "classifier"
    )  # fmt: skip


@every
def test_a_stage_opens_itself_and_what_lies_behind_it_and_nothing_else(build):
    """By the modules' own names; the norm that stands alone belongs where it runs, behind what ran before it."""
    names = tl.stages(build()).names
    layers = [name for name in names if ".layers." in name]
    norm_first = "wav2vec2.encoder.pos_conv_embed" in names and not build().stable
    home = {f"{layers[0].partition('.layers.')[0]}.layer_norm": names.index(layers[0]) - 1 if norm_first
            else names.index(layers[-1])}  # fmt: skip
    home |= {name: position for position, name in enumerate(names)}
    for line, stage in enumerate(names):
        model = build()
        tl.freeze_to(model, stage)
        for name, parameter in model.named_parameters():
            owner = next(module for module in home if name.startswith(f"{module}."))
            assert parameter.requires_grad == (home[owner] >= line), (stage, name)


@every
def test_every_boundary_is_a_cut(build):
    model = build()
    found = tl.stages(model)
    assert [cut.after for cut in tl.cut_points(model)] == list(found.names[1:])
    assert structure(model) is not None  # so that stages are found once


@every
def test_the_contract_of_the_pictures(build):
    torch.manual_seed(0)
    model, x = build(), sounds()
    check_stages(model)
    check_head(model, x)
    wake_up(model)
    last, optimizer = len(tl.stages(model)) - 1, None
    for line in (last, last // 2, 0):
        optimizer = check_line(model, line, optimizer, x)
    tl.unfreeze(model)
    assert not any("train" in module.__dict__ for module in model.modules())


def hummed(per_class=16, seed=0, length=4_000):
    """Two classes that differ in pitch."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(2).repeat(per_class)
    hertz = torch.where(labels == 0, 200.0, 1_500.0) * (1 + 0.1 * torch.rand(len(labels), generator=generator))
    time = torch.arange(length) / 16_000
    samples = (2 * torch.pi * hertz[:, None] * time).sin() * 0.3 + torch.randn(
        len(labels), length, generator=generator
    ) * 0.02
    return SoundSet((samples * 32_767).to(torch.int16), labels, ("low", "high"))


LINES = [
    pytest.param(kind, stage, id=f"{kind}, {stage}") for kind, build in BUILT.items()
    for stage in tl.stages(build()).names[1:]
]  # fmt: skip


@pytest.mark.parametrize(("kind", "stage"), LINES)
def test_training_on_kept_features_gives_the_same_weights_bit_for_bit(kind, stage):
    data, model = hummed(), BUILT[kind]()
    tl.replace_head(model, 2, seed=0)
    tl.freeze_to(model, stage)
    model.train()
    twin = copy.deepcopy(model)
    boundary = Boundary(model, data)
    assert boundary.stage == stage
    cached = trained(model, boundary, data.labels)
    uncached = trained(twin, lambda index: twin(model_input(twin, data.samples[index])), data.labels)
    assert all(torch.equal(one, other) for one, other in zip(cached, uncached, strict=True))
    assert boundary.images_computed == len(data)


@every
def test_dropout_is_quiet_in_what_is_frozen_and_nothing_else_is_random(build):
    model, x = build(), sounds()
    tl.freeze(model)
    model.train()
    with torch.no_grad():
        first, second = model(x), model(x)
    assert torch.equal(first, second)
    tl.unfreeze(model)
    for module in model.modules():  # without dropout train mode gives what eval mode gives: no masking, no layer drop
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name in ("dropout", "activation_dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    with torch.no_grad():
        torch.testing.assert_close(model.train()(x), model.eval()(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["wav2vec2", "whisper"])
@pytest.mark.parametrize("recipe", [tl.feature_extraction(epochs=4), tl.fine_tuning(epochs=3, head_epochs=2),
                                    tl.gradual_unfreezing()], ids=lambda recipe: recipe.name)  # fmt: skip
def test_recipes_train_it_and_forgetting_is_measured(kind, recipe):
    data = Splits(hummed(), hummed(seed=1))
    model = BUILT[kind]()
    memory = tl.remember(model, source=hummed(per_class=4, seed=2))
    tl.replace_head(model, 2, seed=0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    run = tl.train(model, data, recipe.shortened(0.3) if recipe.epochs > 8 else recipe, memory=memory, progress=False)
    assert run.epochs[-1].held_out_loss < run.epochs[0].held_out_loss
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    if recipe.name == "feature_extraction":
        assert changed == {"classifier.weight", "classifier.bias"}
        assert run.epochs[-1].source_accuracy == 1.0  # agreement with itself: nothing in front of the head moved
    else:
        assert len(changed) > 20


@every
def test_probes_look_behind_every_stage(build):
    model = build()
    probes = tl.layer_probes(model, Splits(hummed(), hummed(seed=1)))
    assert tuple(probe.stage for probe in probes) == tl.stages(model).names[:-1]
    assert max(probe.accuracy for probe in probes) > 0.9
