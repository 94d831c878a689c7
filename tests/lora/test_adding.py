"""Adapters into whole networks and out again: the same stages, the same answers, the same bits."""

import copy

import pytest
import timm
import torch
import torchvision
from torch import nn

import transferlab as tl
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.freezing import freeze_report
from transferlab.heads import heads_of
from transferlab.language import SmallGPT
from transferlab.lora import LoraSettings, adapters_of, add_lora, merge_lora, remove_lora, without_lora
from transferlab.recipes import lora, recipe

TIMM = (
    "convnext_atto", "deit_tiny_distilled_patch16_224", "efficientnet_b0", "mixer_s32_224", "mobilenetv3_small_050",
    "regnetx_002", "resnet18", "resnext26ts", "swin_tiny_patch4_window7_224", "vit_tiny_patch16_224",
    "xcit_nano_12_p16_224",
)  # fmt: skip
TORCHVISION = ("alexnet", "densenet121", "mobilenet_v2", "resnext50_32x4d", "shufflenet_v2_x0_5", "vgg11", "vit_b_32")


def small():
    torch.manual_seed(0)
    return SmallResNet(5, width=16)


def network(name):
    torch.manual_seed(0)
    if name == "small_gpt":
        return SmallGPT(64, dim=32, blocks=2, heads=2, hidden=48, context=16), torch.randint(64, (2, 9))
    if name in TORCHVISION:
        size = 224 if name.startswith("vit") else 64
        return torchvision.models.get_model(name, num_classes=5), torch.randn(2, 3, size, size)
    model = timm.create_model(name, num_classes=5)
    return model, torch.randn(2, 3, *model.pretrained_cfg["input_size"][1:])


def bits(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", ["small_gpt", *TORCHVISION, *TIMM])
def test_every_architecture_keeps_its_stages_answers_and_weights(name):
    model, x = network(name)
    model.eval()
    with torch.no_grad():
        for head in heads_of(model).values():  # some begin at zero, and would let no gradient through
            nn.init.normal_(head.weight, std=0.05)
        answer = model(x)
    before, stages = bits(model), tl.stages(model)
    report = add_lora(model, r=2, seed=0)
    assert adapters_of(model).keys() == report.adapters.keys()
    assert report.adapters
    again = tl.stages(model)
    assert (again.names, [one.depth for one in again]) == (stages.names, [one.depth for one in stages])
    with torch.no_grad():
        assert torch.equal(model(x), answer)  # a fresh adapter changes nothing, not one bit

    # One step moves the adapters and the head, and nothing else.
    model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    start = bits(model)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    tl.freeze_to(model, 0)  # which never wakes what adapters are there to spare
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    logits = model(x)
    nn.functional.cross_entropy(logits.flatten(0, -2), torch.arange(logits.shape[:-1].numel()) % 5).backward()
    optimizer.step()
    moved = {key for key, value in model.state_dict().items() if not torch.equal(value, start[key])}
    heads = tuple(f"{name}." for name in report.saved)
    assert moved
    assert all(".lora_" in key or key.startswith(heads) for key in moved)
    assert any(".lora_B" in key for key in moved)

    model.eval()
    trained = copy.deepcopy(model)
    with torch.no_grad():
        wanted = model(x)
        merge_lora(model)
        merged = model(x)
    assert not adapters_of(model)
    torch.testing.assert_close(merged, wanted, atol=1e-5 * max(1.0, float(wanted.abs().max())), rtol=1e-4)
    remove_lora(trained)
    for key, value in before.items():
        if not key.startswith(heads):
            assert torch.equal(trained.state_dict()[key], value), key
    assert trained.state_dict().keys() == before.keys()


def test_the_report_says_what_matched_and_why_the_rest_did_not():
    text = str(add_lora(small(), r=2))
    assert "layer4" in text
    assert "trained whole: fc" in text
    assert "no adapter: 1 trained whole, such as 'fc'" in text
    model = SmallGPT(64, dim=32, blocks=2, heads=2, hidden=48, context=16)
    report = add_lora(model, r=2, modules_to_save=[])
    assert report.how == "attention's query and value"
    assert report.skipped["the head"] == ("head",)
    assert "blocks.0.attention.key" in report.skipped["not among the target modules"]
    assert report.trainable_parameters == 2 * 2 * 2 * (32 + 32)  # blocks · (query, value) · rank · (in + out)
    assert report.share == report.trainable_parameters / report.total_parameters


def test_depthwise_convolutions_smaller_than_an_adapter_are_left_out_and_said_so():
    report = add_lora(timm.create_model("mobilenetv3_small_050", num_classes=5), r=4)
    assert "an adapter of rank 4 would be as large as the layer" in report.skipped


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"target_modules": ["convv1"]}, "No layer matches.*end in: .*conv1.*Did you mean 'conv1'"),
        ({"target_modules": ["fc"]}, "'fc' is left out, since it is trained whole"),
        ({"target_modules": []}, "at least one layer"),
        ({"modules_to_save": ["fcc"]}, "no module of this SmallResNet is called so.*Did you mean 'fc'"),
        ({"r": 0}, "r is the rank"),
        ({"r": 2.5}, "r is the rank"),
        ({"lora_alpha": 0}, "lora_alpha"),
        ({"lora_dropout": 1}, "lora_dropout"),
        ({"r": 4000}, "No layer matches the automatic choice"),
    ],
)
def test_bad_input_is_a_sentence_and_leaves_the_model_as_it_was(arguments, sentence):
    model = small()
    before, asks = bits(model), [p.requires_grad for p in model.parameters()]
    with pytest.raises(ValueError, match=sentence):
        add_lora(model, **arguments)
    assert same(bits(model), before)
    assert [p.requires_grad for p in model.parameters()] == asks
    assert freeze_report(model).trainable == tl.stages(model).names


def test_twice_is_refused_and_so_is_taking_out_what_is_not_there():
    model = small()
    for out in (merge_lora, remove_lora):
        with pytest.raises(ValueError, match="no adapters"):
            out(model)
    add_lora(model, r=2)
    with pytest.raises(ValueError, match="adapters already"):
        add_lora(model, r=2)


def test_the_model_before_its_adapters_is_one_block_away():
    model, x = small().eval(), torch.randn(2, 3, 64, 64)
    before = model(x)
    add_lora(model, r=2, seed=0)
    nn.init.normal_(model.layer1[0].conv1.lora_B.weight)
    after = model(x)
    assert not torch.equal(before, after)
    with without_lora(model):
        assert torch.equal(model(x), before)
    assert torch.equal(model(x), after)
    with pytest.raises(RuntimeError), without_lora(model):
        raise RuntimeError
    assert torch.equal(model(x), after)


def test_a_seed_gives_the_same_adapters_and_leaves_torchs_random_numbers():
    torch.manual_seed(3)
    state = torch.get_rng_state()
    one, other = small(), small()
    torch.set_rng_state(state)
    add_lora(one, r=2, seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    add_lora(other, r=2, seed=5)
    assert same(bits(one), bits(other))


def test_what_was_frozen_stays_frozen_with_its_adapters_and_after_them():
    model = small()
    tl.freeze_to(model, "layer3")
    report = add_lora(model, r=2)
    asking = {name for name, p in model.named_parameters() if p.requires_grad}
    assert asking
    assert all(name.startswith(("layer3", "layer4", "fc")) for name in asking)
    assert not model.train().layer1[0].conv1.lora_dropout.training
    assert set(report.stages) >= {"layer1", "layer4"}
    tl.freeze_to(model, "conv1")
    assert model.layer1[0].conv1.lora_A.weight.requires_grad
    assert not model.layer1[0].conv1.base_layer.weight.requires_grad
    assert not model.layer1[0].bn1.weight.requires_grad
    tl.freeze_to(model, "layer3")
    remove_lora(model)
    assert freeze_report(model).frozen == ("conv1", "layer1", "layer2")
    assert all(p.requires_grad for p in model.layer4.parameters())


def test_norms_can_be_trained_whole_beside_them():
    model = small()
    report = add_lora(model, r=2, modules_to_save=["norms", "fc"])
    assert "layer1.0.bn1" in report.saved
    assert model.layer1[0].bn1.weight.requires_grad
    assert not model.layer1[0].conv1.base_layer.weight.requires_grad


def test_a_new_head_trains_although_the_old_one_was_held():
    model = small()
    add_lora(model, r=2, modules_to_save=[])
    tl.freeze_to(model, 0)
    assert not model.fc.weight.requires_grad
    tl.replace_head(model, 3)
    tl.freeze_to(model, 0)
    assert model.fc.weight.requires_grad


def test_the_recipe_trains_adapters_and_head_and_leaves_every_pretrained_weight(two_colours):
    model = small()
    tl.replace_head(model, 2, seed=0)
    before = bits(model)
    memory = tl.remember(model, source=two_colours.held_out)
    run = tl.train(model, two_colours, lora(epochs=2, head_epochs=1), memory=memory, progress=False)
    remove_lora(model)
    changed = [name for name, value in bits(model).items() if not torch.equal(value, before[name])]
    assert changed == ["fc.weight", "fc.bias"]
    assert run.recipe == "lora"
    assert run.trainable_parameters < 0.1 * sum(p.numel() for p in model.parameters())
    assert run.settings["adapters"]["r"] == 4


def test_a_run_with_adapters_goes_on_from_its_checkpoint_bit_for_bit(two_colours, tmp_path):
    def trained(**arguments):
        model = small()
        tl.replace_head(model, 2, seed=0)
        for record in tl.fit(model, two_colours, lora(epochs=3, head_epochs=1, lora_dropout=0.1), **arguments):
            if arguments.get("stop") == getattr(record, "epoch", None):
                break
        return model, record

    whole, run = trained()
    records = tl.fit(
        part := small_with_head(), two_colours, lora(epochs=3, head_epochs=1, lora_dropout=0.1), checkpoints=tmp_path
    )
    for record in records:
        if getattr(record, "epoch", 0) == 2 and hasattr(record, "held_out_loss"):
            break
    records.close()
    assert adapters_of(part)
    resumed, again = trained(checkpoints=tmp_path, resume=True)
    assert again == run
    assert same(bits(resumed), bits(whole))


def small_with_head():
    model = small()
    tl.replace_head(model, 2, seed=0)
    return model


def test_a_recipe_that_does_not_fit_the_adapters_that_are_there_is_refused(two_colours):
    model = small_with_head()
    add_lora(model, r=2)
    with pytest.raises(ValueError, match=r"rank 2 already.*trains the weights themselves"):
        tl.fit(model, two_colours, "fine_tuning")
    with pytest.raises(ValueError, match="asks for rank 4"):
        tl.fit(model, two_colours, "lora")
    assert len(list(tl.fit(model, two_colours, lora(epochs=1, head_epochs=0, r=2)))) > 1


def test_the_recipe_as_data():
    assert recipe("lora").adapters == LoraSettings(r=4)
    assert [phase.name for phase in lora(head_epochs=0).phases] == ["adapters"]
    assert "adapters" not in recipe("fine_tuning").to_plain()
    with pytest.raises(ValueError, match="random weights"):
        tl.from_scratch(adapters=LoraSettings())
    with pytest.raises(ValueError, match="adapters is LoraSettings"):
        tl.fine_tuning(adapters=4)
