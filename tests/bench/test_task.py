import torch

from transferlab.bench.task import accuracy_of, read_task


def test_a_task_is_the_same_for_every_worker(small):
    one, other = read_task(small), read_task(small)
    assert (len(one.data.train), len(one.data.held_out), one.data.train.num_classes) == (32, 16, 8)
    assert one.settings == other.settings
    assert one.settings.budgets == (2, 4)
    assert one.data.train.label_safe == ()
    assert torch.equal(one.data.train.images, other.data.train.images)
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(one.model().eval()(x), other.model().eval()(x))


def test_peers_get_the_pixels_that_our_training_normalises_itself(small):
    from transferlab.inference import model_input

    task = read_task(small)
    x, labels, y, held_out_labels = task.tensors()
    assert torch.equal(x, model_input(task.model(), task.data.train.images))
    assert torch.equal(labels, task.data.train.labels)
    assert (len(y), len(held_out_labels)) == (16, 16)


def test_accuracy_counts_what_is_right():
    class Answers(torch.nn.Module):
        def forward(self, x):
            return x

    x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    assert accuracy_of(Answers(), x, torch.tensor([0, 1, 1, 0]), batch_size=3) == 0.75
