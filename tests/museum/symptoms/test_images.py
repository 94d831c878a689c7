from itertools import combinations

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from tests.museum.nets import splits, tiny
from transferlab.museum.evidence import Evidence
from transferlab.museum.report import Unexamined
from transferlab.museum.symptoms.images import _expected_classes, labels_shuffled, leaked_validation, sorted_batches


def loader(images, labels, batch_size=8):
    return DataLoader(TensorDataset(images, labels), batch_size=batch_size)


def mixed(labels):
    return labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]


def test_labels_that_do_not_go_with_the_images_fed(two_colours):
    train = two_colours.train
    found = labels_shuffled(Evidence(two_colours, model=tiny(), loader=loader(train.images, mixed(train.labels))))
    assert found.sure == "certain"
    assert found.numbers["reference"] == 1
    assert found.numbers["as_fed"] < 0.75
    assert labels_shuffled(Evidence(two_colours, model=tiny(), loader=loader(train.images, train.labels))) is None


def test_labels_that_are_mixed_in_the_data_themselves_are_suspected(two_colours):
    train, held_out = two_colours.train, two_colours.held_out
    wrong = splits((train.images, mixed(train.labels)), (held_out.images, held_out.labels))
    assert labels_shuffled(Evidence(wrong, model=tiny())).sure == "suspected"
    assert labels_shuffled(Evidence(two_colours, model=tiny())) is None


def test_where_features_know_nothing_of_the_classes_nobody_can_tell(two_colours):
    train, held_out = two_colours.train, two_colours.held_out
    noise = splits((train.images, mixed(train.labels)), (held_out.images, mixed(held_out.labels)))
    seen = labels_shuffled(Evidence(noise, model=tiny()))
    assert isinstance(seen, Unexamined)
    assert "hardly tell these classes apart" in seen.needs


@pytest.mark.parametrize("mirror", [False, True])
def test_images_on_both_sides_are_counted(two_colours, mirror):
    train, held_out = two_colours.train, two_colours.held_out
    copies = train.images[:4].flip(3) if mirror else train.images[:4]
    both = splits(
        (train.images, train.labels),
        (torch.cat([copies, held_out.images]), torch.cat([train.labels[:4], held_out.labels])),
    )
    assert leaked_validation(Evidence(both)).numbers == {"share": 4 / 20, "images": 4}
    assert leaked_validation(Evidence(two_colours)) is None


def test_what_leaked_is_set_beside_images_that_are_new(two_colours):
    train, held_out = two_colours.train, two_colours.held_out
    answers = torch.tensor([1.0, 0.0])  # always red, which half of all images are
    found = leaked_validation(
        Evidence(
            two_colours,
            predict=lambda images: answers.expand(len(images), 2),
            reported=0.9,
            loader=loader(
                torch.cat([train.images, held_out.images[:8]]), torch.cat([train.labels, held_out.labels[:8]])
            ),
        )
    )
    assert found.numbers == {"share": 0.5, "images": 8, "reported": 0.9, "on_new_images": 0.5}


def test_floats_are_compared_with_floats(two_colours):
    train = two_colours.train
    floats = train.images.float() / 255
    evidence = Evidence(
        two_colours, loader=loader(floats, train.labels), validation=loader(floats[:2], train.labels[:2])
    )
    assert leaked_validation(evidence).numbers["share"] == 1


def test_batches_of_one_class(two_colours):
    train = two_colours.train
    order = train.labels.argsort(stable=True)
    found = sorted_batches(Evidence(two_colours, loader=loader(train.images[order], train.labels[order])))
    assert found.numbers == {"classes": 1, "expected": pytest.approx(2, abs=0.02)}
    images, labels = train.images[:24], torch.arange(24) // 6
    four = splits((images, labels), (images, labels), tuple("abcd"))
    found = sorted_batches(Evidence(four, loader=loader(images, labels, batch_size=6)))
    assert found.numbers["classes"] == 1
    assert found.numbers["expected"] > 3
    assert sorted_batches(Evidence(four, loader=loader(images, labels.view(4, 6).T.flatten(), batch_size=6))) is None
    assert isinstance(sorted_batches(Evidence(four)), Unexamined)


def test_the_classes_to_expect_are_those_of_all_possible_batches():
    labels = [0, 0, 0, 1, 1, 2]
    batches = list(combinations(labels, 3))
    assert _expected_classes([3, 2, 1], 3) == pytest.approx(sum(len(set(batch)) for batch in batches) / len(batches))
