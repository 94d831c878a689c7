import torch

from transferlab.museum.usual import loader_of, loaders, share_right


def test_loaders_give_pixels_training_images_in_another_order(two_colours):
    torch.manual_seed(0)
    loader, validation = loaders(two_colours)
    assert next(iter(loader))[0].dtype == torch.uint8
    assert torch.equal(torch.cat([y for _, y in validation]), two_colours.held_out.labels)
    assert not torch.equal(torch.cat([y for _, y in loader]), two_colours.train.labels)


def test_the_share_counts_images_not_batches():
    labels = torch.tensor([0] * 16 + [1])  # a whole batch answered rightly, and one of one image wrongly
    validation = loader_of(torch.zeros(17, 3, 4, 4, dtype=torch.uint8), labels)
    found = share_right(lambda x: torch.tensor([[1.0, 0.0]]).expand(len(x), 2), validation)
    assert abs(found - 16 / 17) < 1e-6
