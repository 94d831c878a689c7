"""Adapters by themselves: nothing at first, a low-rank change afterwards, and the same numbers merged."""

import pytest
import torch
from torch import nn

from transferlab.lora import LoraConv, LoraLinear

CONVOLUTIONS = {
    "plain": nn.Conv2d(6, 8, 3, padding=1),
    "strided": nn.Conv2d(6, 8, 3, stride=2, bias=False),
    "grouped": nn.Conv2d(6, 9, 3, padding=1, groups=3),
    "depthwise": nn.Conv2d(6, 6, 3, padding=1, groups=6),
    "dilated": nn.Conv2d(6, 8, 3, padding=2, dilation=2),
    "reflecting": nn.Conv2d(6, 8, 3, padding=1, padding_mode="reflect"),
    "pointwise": nn.Conv2d(6, 8, 1),
    "1-d": nn.Conv1d(6, 8, 5, padding=2, groups=2),
    "3-d": nn.Conv3d(6, 8, 3, padding=1),
}


def moved(adapter):
    """As after some training: B is no longer zero."""
    torch.manual_seed(1)
    nn.init.normal_(adapter.lora_B.weight)
    return adapter


def example(layer):
    torch.manual_seed(2)
    return torch.randn(2, 6, *[8] * (layer.weight.ndim - 2))


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolution_with_its_adapter_is_the_convolution_with_the_sum_of_both(name):
    layer = CONVOLUTIONS[name]
    x = example(layer)
    adapter = LoraConv(layer, r=2, scaling=0.5, lora_dropout=0.0)
    assert torch.equal(adapter(x), layer(x))  # a fresh one changes nothing
    moved(adapter)
    assert not torch.allclose(adapter(x), layer(x))
    merged = torch.func.functional_call(layer, {"weight": layer.weight + adapter.addition()}, (x,))
    torch.testing.assert_close(adapter(x), merged, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(adapter.weight, layer.weight + adapter.addition())


def test_the_addition_to_a_linear_is_the_product_counted_by_hand():
    adapter = LoraLinear(nn.Linear(2, 3), r=1, scaling=2.0, lora_dropout=0.0)
    with torch.no_grad():
        adapter.lora_A.weight.copy_(torch.tensor([[1.0, 10.0]]))
        adapter.lora_B.weight.copy_(torch.tensor([[1.0], [0.0], [-3.0]]))
    assert adapter.addition().tolist() == [[2.0, 20.0], [0.0, 0.0], [-6.0, -60.0]]


def test_each_group_has_a_rank_of_its_own():
    layer = nn.Conv2d(8, 8, 3, groups=2)
    adapter = moved(LoraConv(layer, r=2, scaling=1.0, lora_dropout=0.0))
    for group in adapter.addition().reshape(2, 4, -1):
        assert torch.linalg.matrix_rank(group) == 2


def test_a_transposed_linear_is_gpt_2s_conv1d():
    conv1d = pytest.importorskip("transformers.pytorch_utils").Conv1D
    layer = conv1d(4, 3)  # 3 inputs, 4 outputs
    adapter = moved(LoraLinear(layer, r=2, scaling=1.0, lora_dropout=0.0))
    x = torch.randn(5, 3)
    expected = torch.addmm(layer.bias, x, layer.weight + adapter.addition())
    torch.testing.assert_close(adapter(x), expected, atol=1e-5, rtol=1e-5)


def test_dropout_thins_out_what_goes_into_the_adapter_and_only_while_it_trains():
    layer = nn.Linear(16, 4)
    adapter = moved(LoraLinear(layer, r=2, scaling=1.0, lora_dropout=0.5))
    x = torch.randn(3, 16)
    adapter.train()
    assert not torch.equal(adapter(x), adapter(x))
    adapter.eval()
    assert torch.equal(adapter(x), adapter(x))


def test_a_model_may_ask_it_what_it_would_ask_the_layer():
    adapter = LoraConv(nn.Conv2d(6, 8, 3, stride=2), r=2, scaling=1.0, lora_dropout=0.0)
    assert (adapter.in_channels, adapter.stride, adapter.bias.shape) == (6, (2, 2), (8,))
    with pytest.raises(AttributeError, match="strides"):
        _ = adapter.strides


def test_attention_that_reads_its_output_weight_sees_the_adapter():
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.randn(2, 5, 8)
    attention.eval()
    before = attention(x, x, x)[0]
    attention.out_proj = moved(LoraLinear(attention.out_proj, r=2, scaling=1.0, lora_dropout=0.0)).eval()
    after = attention(x, x, x)[0]
    assert not torch.allclose(before, after)
    after.sum().backward()
    assert attention.out_proj.lora_A.weight.grad.abs().sum() > 0
