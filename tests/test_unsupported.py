"""Whoever asks for a model that cannot be used reads the reason, by whichever door."""

import pytest
from torch import nn

from transferlab.backbones import load
from transferlab.freezing import freeze
from transferlab.heads import replace_head
from transferlab.stages import stages
from transferlab.unsupported import UNSUPPORTED, refuse_unsupported


def names() -> list[str]:
    import timm

    return sorted({name for pattern in UNSUPPORTED for name in timm.list_models(pattern)})


def test_every_entry_is_of_a_model_and_has_a_reason():
    import timm

    assert all(timm.list_models(pattern) for pattern in UNSUPPORTED)
    assert all(reason.startswith("it ") and "no classifier" in reason for reason in UNSUPPORTED.values())


@pytest.mark.parametrize("name", names())
def test_asking_for_it_gives_the_reason(name):
    sentence = rf"{name} is not supported: it is the image encoder of a language model"
    for pretrained in (True, False):  # nothing is looked for or built first
        with pytest.raises(ValueError, match=sentence):
            load(f"timm/{name}", num_classes=5, pretrained=pretrained)
    model = nn.Linear(2, 2)  # the name is what decides; building half a billion parameters would not show more
    model.pretrained_cfg = {"architecture": name}
    for ask in (stages, freeze, lambda model: replace_head(model, 5)):
        with pytest.raises(ValueError, match=sentence):
            ask(model)


def test_the_others_are_not_refused():
    refuse_unsupported("qwen3_vit_88m")
    refuse_unsupported("mobilenetv5_300m")
