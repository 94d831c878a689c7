import copy
import signal
import threading

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.control import Control, stopping_on_signals
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.recipes import feature_extraction, fine_tuning, from_scratch
from transferlab.records import Command, Epoch, Measurement, Run, Step
from transferlab.training import fit, train

BATCH = 8  # of 32 images: four batches an epoch


def network(num_classes=2):
    torch.manual_seed(0)
    return SmallResNet(num_classes, width=8)


def steered(model, data, recipe, control, orders, **options):
    """All records of a run, with `orders` (step -> what to do then) carried out between two records."""
    records = []
    for record in fit(model, data, recipe, control=control, **options):
        records.append(record)
        if isinstance(record, Step) and record.step in orders:
            orders[record.step]()
    return records


def test_a_rate_set_by_hand_holds_until_the_phase_ends(two_colours):
    recipe, control = fine_tuning(epochs=1, head_epochs=1, batch_size=BATCH), Control()
    orders = {2: lambda: control.set_lr("fc", 5e-4), 5: lambda: control.set_lr("layer4", 7e-5)}
    records = steered(network(), two_colours, recipe, control, orders)
    steps = [record for record in records if isinstance(record, Step)]
    untouched = [record for record in fit(network(), two_colours, recipe) if isinstance(record, Step)]
    assert [step.learning_rates["fc"] for step in steps[2:4]] == [5e-4, 5e-4]
    assert [step.learning_rates["layer4"] for step in steps[5:]] == [7e-5] * 3
    assert [step.learning_rates["fc"] for step in steps[4:]] == [step.learning_rates["fc"] for step in untouched[4:]]
    assert records[-1].commands == (Command(2, "set_lr", "fc", 5e-4), Command(5, "set_lr", "layer4", 7e-5))


def test_the_freeze_line_moves_in_the_middle_of_an_epoch(two_colours):
    model, control = network(), Control()
    before = copy.deepcopy(model.state_dict())
    records = steered(
        model,
        two_colours,
        feature_extraction(epochs=2, batch_size=BATCH),
        control,
        {3: lambda: control.freeze_to("layer3")},
    )
    steps = [record for record in records if isinstance(record, Step)]
    assert set(steps[2].learning_rates) == {"fc"}
    assert set(steps[3].learning_rates) == {"layer3", "layer4", "fc"}
    assert steps[3].learning_rates["layer4"] == pytest.approx(steps[3].learning_rates["fc"] / 10)
    after = model.state_dict()
    assert torch.equal(after["layer2.0.conv1.weight"], before["layer2.0.conv1.weight"])
    assert not torch.equal(after["layer3.0.conv1.weight"], before["layer3.0.conv1.weight"])
    run = records[-1]
    assert run.commands == (Command(3, "freeze_to", "layer3"),)
    assert Run.from_dict(run.to_dict()) == run


def test_a_line_drawn_by_hand_costs_the_source_task_what_it_costs(two_colours, monkeypatch):
    """The line is back at the head when the epoch ends, and the backbone is not what it was all the same."""
    model = network(5)
    memory = remember(model, two_colours.held_out)
    replace_head(model, 2)
    asked, judge = [], memory.judge
    monkeypatch.setattr(memory, "judge", lambda *given: asked.append(judge(*given)) or asked[-1])
    control = Control()
    orders = {1: lambda: control.freeze_to("conv1"), 3: lambda: control.freeze_to("fc")}
    run = steered(model, two_colours, feature_extraction(epochs=3, batch_size=BATCH), control, orders, memory=memory)[
        -1
    ]
    assert len(asked) == 2  # before training and after the first epoch; then nothing can have changed
    assert run.source_after == judge(model).accuracy


def test_evaluate_gives_a_measurement_before_the_next_batch(two_colours):
    model = network(5)
    memory = remember(model, two_colours.held_out)
    replace_head(model, 2, seed=0)
    control = Control()
    recipe = from_scratch(epochs=1, batch_size=BATCH)
    records = steered(model, two_colours, recipe, control, {2: control.evaluate}, memory=memory)
    place = next(i for i, record in enumerate(records) if isinstance(record, Measurement))
    found = records[place]
    assert isinstance(records[place + 1], Step)
    assert (found.step, found.epoch, found.num_source) == (2, 0.5, 16)
    assert records[-1].measurements == (found,)
    fresh = network(5)
    replace_head(fresh, 2, seed=0)
    assert records[-1].epochs == train(fresh, two_colours, recipe, memory=memory, progress=False).epochs


def test_stop_ends_after_the_batch_and_the_part_of_an_epoch_counts(two_colours):
    control = Control()
    records = steered(network(), two_colours, from_scratch(epochs=5, batch_size=BATCH), control, {6: control.stop})
    run = records[-1]
    assert run.stopped
    assert control.state == "stopped"
    assert [record.step for record in records if isinstance(record, Step)] == [1, 2, 3, 4, 5, 6]
    assert [epoch.epoch for epoch in run.epochs] == [0, 1, 2]
    assert run.phases[0].num_epochs == 1
    assert Run.from_dict(run.to_dict()) == run


def test_a_paused_run_waits_obeys_and_goes_on_as_if_nothing_had_been(two_colours):
    recipe, control = from_scratch(epochs=2, batch_size=BATCH), Control()
    records, paused, measured = [], threading.Event(), threading.Event()
    may_go_on = threading.Event()

    def work():
        for record in fit(network(), two_colours, recipe, control=control):
            records.append(record)
            if isinstance(record, Step) and record.step == 3:
                paused.set()
                assert may_go_on.wait(60)
            if isinstance(record, Measurement):
                measured.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert paused.wait(60)
    control.pause()
    may_go_on.set()
    control.evaluate()
    assert measured.wait(60)  # obeyed while it waits
    assert control.state == "paused"
    steps = [record for record in records if isinstance(record, Step)]
    assert len(steps) == 3  # the measurement came before the fourth, and a paused run makes none
    control.resume()
    thread.join(60)
    assert control.state == "finished"
    assert records[-1].epochs == train(network(), two_colours, recipe, progress=False).epochs


def test_stop_reaches_a_paused_run(two_colours):
    control, records = Control(), []
    control.pause()

    def work():
        records.extend(fit(network(), two_colours, from_scratch(epochs=1), control=control))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    control.stop()
    thread.join(60)
    assert not thread.is_alive()
    assert records[-1].stopped
    assert not [record for record in records if isinstance(record, Step)]


def test_pausing_in_the_thread_that_trains_is_refused(two_colours):
    control = Control()
    records = fit(network(), two_colours, from_scratch(epochs=1), control=control)
    assert isinstance(next(records), Epoch)
    with pytest.raises(ValueError, match="would wait for itself"):
        control.pause()
    records.close()
    assert control.state == "finished"


def test_what_is_wrong_is_said_to_whoever_asked(two_colours):
    control = Control()
    with pytest.raises(ValueError, match="steers no run yet"):
        control.set_lr("fc", 1e-3)
    records = fit(network(), two_colours, feature_extraction(epochs=1), control=control)
    with pytest.raises(ValueError, match=r"No stage 'layre4'.*Did you mean 'layer4'"):
        control.freeze_to("layre4")
    with pytest.raises(ValueError, match=r"'layer4' is frozen.*control\.freeze_to\('layer4'\) first"):
        control.set_lr("layer4", 1e-3)
    with pytest.raises(ValueError, match="at most 100"):
        control.set_lr("fc", 1e9)
    control.freeze_to("layer4")
    control.set_lr("layer4", 1e-3)  # the line will have moved by then
    run = list(records)[-1]
    assert [command.what for command in run.commands] == ["freeze_to", "set_lr"]


def test_one_control_steers_one_run(two_colours):
    control = Control()
    first = fit(network(), two_colours, from_scratch(epochs=1), control=control)
    next(first)
    with pytest.raises(ValueError, match="another run already"):
        next(fit(network(), two_colours, from_scratch(epochs=1), control=control))
    assert isinstance(list(first)[-1], Run)
    assert isinstance(list(fit(network(), two_colours, from_scratch(epochs=1), control=control))[-1], Run)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_its_batch_and_is_then_passed_on(two_colours, number):
    passed_on = []
    before = signal.signal(number, lambda *_: passed_on.append(number))
    try:
        own, control, records = signal.getsignal(number), Control(), []
        with stopping_on_signals(control):
            for record in fit(network(), two_colours, from_scratch(epochs=5, batch_size=BATCH), control=control):
                records.append(record)
                if isinstance(record, Step) and record.step == 2:
                    signal.raise_signal(number)
                    assert signal.getsignal(number) is own  # a second one waits for nothing
                    assert not passed_on
        assert records[-1].stopped
        assert len([record for record in records if isinstance(record, Step)]) == 2
        assert passed_on == [number]
        assert signal.getsignal(number) is own
    finally:
        signal.signal(number, before)


def test_ctrl_c_in_train_saves_the_run_and_interrupts(two_colours, tmp_path):
    recipe = from_scratch(epochs=3, batch_size=BATCH)
    whole = train(network(), two_colours, recipe, progress=False)
    model, batches = network(), []

    def interrupt(module, inputs, output):
        batches.append(len(output))
        if len(batches) == 4:  # the held-out images first, then in the middle of the third batch
            signal.raise_signal(signal.SIGINT)

    model.register_forward_hook(interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # behind nohup it would be ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            train(model, two_colours, recipe, progress=False, checkpoints=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert train(network(), two_colours, recipe, progress=False, checkpoints=tmp_path, resume=True) == whole


def test_a_signal_that_the_process_ignores_stops_nothing(two_colours):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        control = Control()
        with stopping_on_signals(control):
            signal.raise_signal(signal.SIGINT)
        assert not control.stopped
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_comes_after_the_end_is_refused_or_does_not_matter(two_colours):
    control = Control()
    list(fit(network(), two_colours, from_scratch(epochs=1), control=control))
    with pytest.raises(ValueError, match=r"This run is over \(finished\)"):
        control.set_lr("fc", 1e-3)
    control.stop()
    control.pause()
    assert not list(fit(network(), two_colours, from_scratch(epochs=1), control=control))[-1].stopped


def test_a_single_step_at_a_time(two_colours):
    """Paused from the start; each step() lets one batch through, in a thread of its own."""
    rested, steps, control = threading.Semaphore(0), [], Control(on_pause=lambda: rested.release())
    records = fit(network(), two_colours, feature_extraction(epochs=1, batch_size=BATCH), control=control)
    control.pause()
    thread = threading.Thread(target=lambda: steps.extend(one for one in records if isinstance(one, Step)))
    thread.start()
    assert rested.acquire(timeout=20)
    for number in range(3):
        control.step()
        assert rested.acquire(timeout=20), number
        assert control.state == "paused"
    control.stop()
    thread.join(20)
    assert len(steps) == 3


def test_work_is_done_between_two_batches_in_the_run_s_thread(two_colours):
    control, seen = Control(), []
    orders = {2: lambda: control.do(lambda: seen.append((threading.get_ident(), len(records))))}
    records = []
    for record in fit(network(), two_colours, feature_extraction(epochs=1, batch_size=BATCH), control=control):
        records.append(record)
        if isinstance(record, Step) and record.step in orders:
            orders[record.step]()
    assert seen == [(threading.get_ident(), 3)]  # the epoch before training and two steps were out by then
    assert records[-1].commands == ()  # looking is not steering


def test_the_line_is_where_it_was_asked_to_be(two_colours):
    control = Control()
    assert control.line is None
    records = fit(network(), two_colours, feature_extraction(epochs=1, batch_size=BATCH), control=control)
    assert control.line == "fc"
    next(records)
    control.freeze_to("layer3")
    assert control.line == "layer3"


def test_what_was_still_to_be_looked_at_is_looked_at_when_the_run_is_over(two_colours):
    control, seen = Control(), []
    for record in fit(network(), two_colours, feature_extraction(epochs=1, batch_size=BATCH), control=control):
        if isinstance(record, Step) and record.step == 4:  # the last batch: there is none before which to obey
            control.do(lambda: seen.append(control.state))
    assert seen == ["finished"]
