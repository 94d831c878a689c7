"""Adapters to disk and back: PEFT loads ours, we load PEFT's, with equal logits; what does not fit is refused."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import transferlab as tl
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.language import SmallGPT
from transferlab.lora import adapters_of, add_lora, load_lora, save_lora


def resnet(classes=5):
    torch.manual_seed(0)
    return SmallResNet(classes, width=16).eval()


class Grouped(nn.Module):
    """A network with a grouped convolution, whose first layer's name is also the end of another's."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.body = nn.ModuleDict({"conv1": nn.Conv2d(16, 32, 3, padding=1, groups=4)})
        self.fc = nn.Linear(32, 5)

    def forward(self, x):
        return self.fc(self.body["conv1"](self.conv1(x).relu()).relu().mean((2, 3)))


def grouped():
    torch.manual_seed(0)
    return Grouped().eval()


def gpt():
    torch.manual_seed(0)
    return SmallGPT(64, dim=32, blocks=2, heads=2, hidden=48, context=16).eval()


NETWORKS = {
    "resnet": (resnet, torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)), {}),
    "grouped": (grouped, torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)), {}),
    "gpt": (gpt, torch.arange(18).view(2, 9), {"target_modules": "all-linear"}),
    "gpt without its head": (gpt, torch.arange(18).view(2, 9), {"modules_to_save": []}),
}


def trained(model, **arguments):
    """As after some training: adapters and what is trained whole have moved."""
    add_lora(model, r=2, lora_alpha=6, seed=0, **arguments)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_saved_comes_back_with_bit_equal_logits(name, tmp_path):
    make, x, arguments = NETWORKS[name]
    model = trained(make(), **arguments)
    saved = save_lora(model, tmp_path / "adapters")
    assert len(saved.adapters) == len(adapters_of(model))
    again = make()
    report = load_lora(again, tmp_path / "adapters")
    assert torch.equal(again(x), model(x))
    assert report.adapters.keys() == adapters_of(model).keys()
    assert report.trainable_parameters == sum(p.numel() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize("name", NETWORKS)
def test_peft_loads_ours_with_equal_logits(name, tmp_path):
    peft = pytest.importorskip("peft")
    make, x, arguments = NETWORKS[name]
    model = trained(make(), **arguments)
    save_lora(model, tmp_path)
    theirs = peft.PeftModel.from_pretrained(make(), tmp_path).eval()
    torch.testing.assert_close(theirs(x), model(x), atol=1e-5, rtol=1e-5)
    count = sum(".lora_A." in key for key, _ in theirs.named_parameters())
    assert count == len(adapters_of(model))  # no more than ours, though names end alike


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("rslora", [False, True])
@pytest.mark.parametrize("name", ["resnet", "gpt"])
def test_we_load_pefts_with_equal_logits(name, rslora, tmp_path):
    peft = pytest.importorskip("peft")
    make, x, _ = NETWORKS[name]
    targets = ["conv1", "conv2"] if name == "resnet" else ["query", "up"]
    one = "layer1.0.conv1" if name == "resnet" else "blocks.0.attention.query"
    config = peft.LoraConfig(
        r=3, lora_alpha=7, target_modules=targets, modules_to_save=["fc" if name == "resnet" else "head"],
        use_rslora=rslora, rank_pattern={} if rslora else {one: 2}, alpha_pattern={} if rslora else {one: 5},
    )  # fmt: skip
    theirs = peft.get_peft_model(make(), config)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in theirs.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    theirs.eval().save_pretrained(tmp_path)
    ours = make()
    load_lora(ours, tmp_path)
    torch.testing.assert_close(ours.eval()(x), theirs(x), atol=1e-5, rtol=1e-5)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pefts_grouped_convolution_that_mixes_groups_is_refused(tmp_path):
    peft = pytest.importorskip("peft")
    theirs = peft.get_peft_model(grouped(), peft.LoraConfig(r=4, target_modules=["body.conv1"]))
    nn.init.normal_(theirs.base_model.model.body["conv1"].lora_B["default"].weight)
    theirs.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="mixes the 4 groups"):
        load_lora(grouped(), tmp_path)


def test_names_are_found_inside_a_wrapper(tmp_path):
    class Wrapper(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = gpt()

        def forward(self, tokens):
            return self.model(tokens)

    model = trained(gpt())
    save_lora(model, tmp_path)
    wrapped = Wrapper().eval()
    load_lora(wrapped, tmp_path)
    tokens = torch.arange(9)[None]
    assert torch.equal(wrapped(tokens), model(tokens))


def bits(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def refused(folder, sentence, model=None):
    model = model or resnet()
    before = bits(model)
    with pytest.raises(ValueError, match=sentence):
        load_lora(model, folder)
    assert all(torch.equal(value, before[name]) for name, value in bits(model).items())
    assert not adapters_of(model)


def test_what_does_not_fit_is_refused_and_leaves_the_model_as_it_was(tmp_path):
    refused(tmp_path / "nowhere", "there is no adapter_config.json")
    save_lora(trained(resnet()), tmp_path)
    refused(tmp_path, "another architecture.*no layer", gpt())
    refused(tmp_path, "as many classes", resnet(7))
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    tensors = load_file(tmp_path / "adapter_model.safetensors")

    def changed(sentence, new=None, **changes):
        (tmp_path / "adapter_config.json").write_text(json.dumps({**config, **changes}))
        save_file(tensors if new is None else new, tmp_path / "adapter_model.safetensors")
        refused(tmp_path, sentence)

    changed("peft_type is 'IA3'", peft_type="IA3")
    changed("'r' is 'many'", r="many")
    changed("DoRA", use_dora=True)
    changed("biases", bias="all")
    changed("no expressions", alpha_pattern={"(a+)+$": 3})
    changed("no such part", modules_to_save=None)
    first = next(name for name in tensors if "lora_A" in name)
    changed("an A and no B", {name: one for name, one in tensors.items() if name != first.replace("lora_A", "lora_B")})
    changed("does not fit: A is", {**tensors, first: torch.zeros(2, 3, 1, 1)})
    changed(
        "a kind that is not supported", {**tensors, first.replace("lora_A.weight", "lora_magnitude"): torch.zeros(2)}
    )
    changed("no adapter of a Linear", {"base_model.model.fc.bias": torch.zeros(5)})
    (tmp_path / "adapter_model.safetensors").write_bytes(b"not a file of tensors")
    refused(tmp_path, "cannot be read")
    (tmp_path / "adapter_model.safetensors").unlink()
    (tmp_path / "adapter_model.bin").write_bytes(b"")
    refused(tmp_path, "a pickle, which can run code")
    (tmp_path / "adapter_config.json").write_text("[1, 2")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    refused(tmp_path, "cannot be read")


def test_a_model_without_adapters_has_nothing_to_save(tmp_path):
    with pytest.raises(ValueError, match="no adapters to save"):
        save_lora(resnet(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_report_is_a_line(tmp_path):
    model = tl.load("bundled", num_classes=5)
    add_lora(model, r=2)
    saved = save_lora(model, tmp_path)
    assert str(saved) == f"20 adapters and fc in {tmp_path} ({saved.megabytes:g} MB)"
    assert json.loads((tmp_path / "adapter_config.json").read_text())["base_model_name_or_path"] == "bundled"
