"""The gradient of parts against hand-made numbers, and whole runs on two processes against the same on one."""

from types import SimpleNamespace

import pytest
import torch
from torch import Generator, nn

from tests.two_processes import on_two_processes
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.batch_gradient import BatchGradient
from transferlab.data.images import ImageSet, Splits
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.joining import join
from transferlab.keep_methods import EWC, L2SP, LwF, Replay
from transferlab.many_processes import ALONE, Share
from transferlab.randomness import OwnRandomness
from transferlab.recipes import Phase, Recipe, feature_extraction, fine_tuning, from_scratch
from transferlab.records import Epoch, Step
from transferlab.shared_gradient import SharedGradient, shared
from transferlab.training import fit


def colours(seed=0, number=35):
    """Reddish and bluish noise: the last batch of 35 has 3 images, which no two processes share evenly."""
    generator = Generator().manual_seed(seed)
    pixels = torch.randint(0, 120, (number + 16, 3, 32, 32), generator=generator, dtype=torch.uint8)
    labels = torch.arange(number + 16) % 2
    pixels[labels == 0, 0] += 100
    pixels[labels == 1, 2] += 100
    images = ImageSet(pixels, labels, ("red", "blue"), label_safe=("crop", "flip"))
    return Splits(images.subset(range(number)), images.subset(range(number, number + 16)))


def network(num_classes=2, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SmallResNet(num_classes, width=8)


def remembered():
    """A network that knows another task, its memory of it, and a new head."""
    model = network(num_classes=3)
    memory = remember(model, colours(seed=1).held_out, rehearsal=colours(seed=2, number=6).train)
    replace_head(model, 2, seed=0)
    return model, memory


LAST_STAGE = (Phase("last stage", 0.8, 2, 1e-3, backbone_lr=1e-4),)
JOBS = {
    "kept features": (feature_extraction(epochs=2), False),
    "crops": (fine_tuning(epochs=1, head_epochs=1), False),
    "batch statistics": (Recipe("batch", LAST_STAGE, keep_statistics=False), False),
    "batch statistics below": (Recipe("below", LAST_STAGE, bn="train"), False),
    "L2SP": (Recipe("l2sp", LAST_STAGE, keep=L2SP(strength=10)), True),
    "EWC": (Recipe("ewc", LAST_STAGE, keep=EWC()), True),
    "LwF": (Recipe("lwf", LAST_STAGE, keep=LwF()), True),
    "Replay on batch statistics": (
        Recipe("replay", LAST_STAGE, keep=Replay(batch_size=4), keep_statistics=False),
        True,
    ),
    "from scratch": (from_scratch(epochs=2), False),
}


def trained(job):
    """The records and the weights of one of these jobs."""
    recipe, with_memory = JOBS[job]
    model, memory = remembered() if with_memory else (network(), None)
    records = list(fit(model, colours(), recipe, memory=memory, seed=3))
    return records, {name: value.clone() for name, value in model.state_dict().items()}


class OneWeight(nn.Module):
    """The answers `(w · x, 0)`: at w = 0 the loss's gradient is −x/2 for the class 0 and x/2 for the class 1."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return torch.stack([self.w * x, 0 * x], dim=1)


def one_weight(processes, answer=None, term=lambda w: None):
    """The gradient of images 1, 2, 6 and 1000 with the classes 0, 0, 1, 1."""
    model, x, labels = OneWeight(), torch.tensor([1.0, 2.0, 6.0, 1000.0]), torch.tensor([0, 0, 1, 1])
    feed = SimpleNamespace(train=answer or (lambda index, generator, rows: model(x[index[rows]])))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    arguments = (feed, labels, optimizer, Generator(), OwnRandomness(0), lambda: term(model.w))
    return model, SharedGradient(BatchGradient(*arguments, "cpu", "fp32"), processes)


def by_hand():
    """What two processes make of uneven parts, of a batch of one image, and of a term beside the loss."""
    found = {}
    for name, index, term in (
        ("three", [0, 1, 2], lambda w: None),
        ("one", [2], lambda w: None),
        ("with a term", [0, 1, 2], lambda w: 7 * w.sum()),
    ):
        model, gradient = one_weight(join(), term=term)
        loss, correct = gradient(torch.tensor(index))
        found[name] = (loss.item(), correct.item(), model.w.grad.item())
    return found


def dropped():
    """What dropout leaves of ones, twice, and where the run's own stream of random numbers then stands."""
    seen = []

    def answer(index, generator, rows):
        seen.append(nn.functional.dropout(torch.ones(64), 0.5))
        return seen[-1][: len(index[rows]), None] * torch.ones(2, requires_grad=True)

    _, gradient = one_weight(join(), answer)
    gradient(torch.arange(4))
    gradient(torch.arange(4))
    return seen, gradient.gradient.randomness.inside[0]


def everything():
    return by_hand(), dropped(), {job: trained(job) for job in JOBS}


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return on_two_processes(everything, tmp_path_factory.mktemp("two"))


def test_uneven_parts_add_up_to_the_whole_batchs_mean(two):
    for by_hand, _, _ in two:
        # (−1/2 − 2/2 + 6/2) / 3; at w = 0 the first class is the answer to everything.
        assert by_hand["three"] == pytest.approx((0.6931472, 2, 0.5))


def test_with_more_processes_than_images_the_image_counts_once(two):
    for by_hand, _, _ in two:
        assert by_hand["one"] == pytest.approx((0.6931472, 0, 3.0))


def test_a_term_beside_the_loss_counts_once(two):
    for by_hand, _, _ in two:
        assert by_hand["with a term"] == pytest.approx((0.6931472, 2, 7.5))


def test_dropout_differs_between_processes_and_batches_and_the_runs_own_stream_does_not(two):
    (first, state), (second, other_state) = two[0][1], two[1][1]
    assert not torch.equal(first[0], second[0])
    assert not torch.equal(first[0], first[1])
    assert torch.equal(state, other_state)
    assert not torch.equal(state, OwnRandomness(0).inside[0])


@pytest.mark.parametrize("job", JOBS)
def test_two_processes_train_the_run_that_one_does(two, job):
    records, weights = trained(job)
    (first, first_weights), (second, second_weights) = two[0][2][job], two[1][2][job]
    assert first == second
    assert all(torch.equal(first_weights[name], second_weights[name]) for name in weights)
    losses, shared_losses = ([one.loss for one in each if isinstance(one, Step)] for each in (records, first))
    assert len(losses) == 4  # two epochs of two batches
    assert shared_losses == pytest.approx(losses, rel=1e-4)
    for one, two_ in zip(records, first, strict=True):
        assert type(one) is type(two_)
        if isinstance(one, Epoch):
            assert two_.held_out_loss == pytest.approx(one.held_out_loss, rel=1e-4)
            assert two_.train_accuracy == one.train_accuracy
    assert list(first_weights) == list(weights)
    for name, value in weights.items():
        assert torch.allclose(first_weights[name].float(), value.float(), rtol=1e-3, atol=1e-4), name


def test_alone_there_is_nothing_to_share():
    gradient = one_weight(ALONE)[1].gradient
    assert shared(gradient, ALONE) is gradient


def test_a_part_that_does_not_fit_says_how_many_images_it_is():
    def full(index, generator, rows):
        raise torch.OutOfMemoryError

    processes = SimpleNamespace(rank=1, number=2, share=lambda size: Share(slice(1, 4), 0.75))
    _, gradient = one_weight(processes, full)
    with pytest.raises(
        ValueError, match="memory of cpu is full with 3 images at once, this process's part of a batch of 4"
    ):
        gradient(torch.arange(4))
