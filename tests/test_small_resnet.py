import pytest
import torch
from torchvision.models.resnet import BasicBlock as OracleBlock
from torchvision.models.resnet import ResNet

from transferlab.backbones.small_resnet import BasicBlock, SmallResNet


def test_it_computes_what_a_narrow_torchvision_resnet_computes():
    # torchvision's ResNet-18 at full width has the same names; ours at width 64 takes its weights without a change.
    oracle = ResNet(OracleBlock, [2, 2, 2, 2], num_classes=10).eval()
    with torch.no_grad():
        for name, buffer in oracle.named_buffers():
            if name.endswith(("mean", "var")):
                buffer.uniform_(0.5, 1.5)
    model = SmallResNet(10, width=64).eval()
    model.load_state_dict(oracle.state_dict())
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(model(x), oracle(x), atol=1e-5)


def test_its_size():
    # Convolutions and norms of Table 1 at 32-64-128-256, by hand; the head has 256·C + C.
    stem = 3 * 32 * 49 + 2 * 32
    same = lambda c: 2 * (2 * 9 * c * c + 4 * c)  # noqa: E731 two blocks that keep their width
    down = lambda c: (9 * c * 2 * c + 9 * 4 * c * c + c * 2 * c + 6 * 2 * c) + (2 * 9 * 4 * c * c + 4 * 2 * c)  # noqa: E731
    expected = stem + same(32) + down(32) + down(64) + down(128) + 256 * 232 + 232
    assert sum(p.numel() for p in SmallResNet(232).parameters()) == expected


@pytest.mark.parametrize("size", [32, 64, 97])
def test_any_image_size_works(size):
    assert SmallResNet(5, width=8).eval()(torch.zeros(2, 3, size, size)).shape == (2, 5)


def test_a_block_adds_its_input():
    block = BasicBlock(4, 4).eval()
    torch.nn.init.zeros_(block.conv2.weight)
    x = torch.randn(2, 4, 8, 8)
    assert torch.equal(block(x), torch.relu(x))
