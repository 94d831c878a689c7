import pytest
import torch

from tests.museum.nets import tiny
from transferlab.backbones import load
from transferlab.inference import model_input
from transferlab.meters import accuracy
from transferlab.museum.evidence import Evidence
from transferlab.museum.report import Unexamined
from transferlab.museum.symptoms.answers import augmented_validation, eval_forgotten, wrong_normalisation


@pytest.fixture
def model():
    return load("bundled", num_classes=2).eval()


def evidence(data, model, prepare, **others):
    return Evidence(data, model=model, predict=lambda images: model(prepare(images)), **others)


def as_the_card_says(model):
    return lambda images: model_input(model, images)


def test_the_mode_is_seen_while_predict_runs(two_colours, model):
    assert eval_forgotten(evidence(two_colours, model, as_the_card_says(model))) is None
    model.train()
    found = eval_forgotten(evidence(two_colours, model, as_the_card_says(model)))
    assert found.numbers["layers"] == 20  # a stem and eight blocks of two, three of which have a shortcut's: 1 + 16 + 3
    model.eval().layer4[0].bn1.train()
    assert eval_forgotten(evidence(two_colours, model, as_the_card_says(model))).numbers["layers"] == 1


def test_a_predict_that_asks_another_model_says_nothing_of_this_one(two_colours, model):
    other = tiny().eval()
    seen = eval_forgotten(Evidence(two_colours, model=model, predict=lambda images: other(images.float())))
    assert seen == Unexamined("eval_forgotten", "your predict does not run this model")


def test_without_predict_the_figure_must_come_out_in_train_mode_and_not_in_eval_mode(two_colours):
    model, held_out = tiny(), two_colours.held_out
    x = model_input(model, held_out.images)
    in_train = accuracy(model(x), held_out.labels)
    model[1].running_mean.fill_(100)  # in eval mode everything is dark now, and one class is answered
    assert (model.eval()(x).argmax(1) == model(x).argmax(1)[0]).all()
    model.train()
    assert in_train != 0.5  # so that the two can be told apart
    state = {name: value.clone() for name, value in model.state_dict().items()}
    found = eval_forgotten(Evidence(two_colours, model=model, reported=in_train))
    assert found.sure == "suspected"
    assert found.numbers["in_eval_mode"] == 0.5
    assert found.numbers["in_train_mode"] == pytest.approx(in_train)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert eval_forgotten(Evidence(two_colours, model=model, reported=0.5)) is None
    assert isinstance(eval_forgotten(Evidence(two_colours, model=model.eval(), reported=0.5)), Unexamined)


def test_random_flips_of_validation_images_are_seen_and_fixed_crops_are_not(two_colours, model):
    def flipped(images):
        x = model_input(model, images)
        return torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)

    found = augmented_validation(evidence(two_colours, model, flipped))
    assert found.sure == "certain"
    assert 0.1 < found.numbers["pictures"] < 0.9  # about half of them come out the same way round
    assert augmented_validation(evidence(two_colours, model, lambda x: model_input(model, x)[..., 4:28, 4:28])) is None
    assert isinstance(augmented_validation(Evidence(two_colours, model=model)), Unexamined)


def test_answers_that_differ_without_a_view_of_the_pictures_are_suspected(two_colours):
    found = augmented_validation(Evidence(two_colours, predict=lambda images: torch.randn(len(images), 2)))
    assert found.sure == "suspected"


@pytest.mark.parametrize(
    ("prepare", "black", "white"),
    [
        (lambda x: x.float() / 255, 0, 1),
        (lambda x: x.float(), 0, 255),
        (lambda x: x.float() / 127.5 - 1, -1, 1),
    ],
)
def test_the_normalisation_is_read_off_black_and_white(two_colours, model, prepare, black, white):
    found = wrong_normalisation(evidence(two_colours, model, prepare))
    assert found.numbers["black"] == pytest.approx(black)
    assert found.numbers["white"] == pytest.approx(white)
    # ImageNet's: the means of −mean/std and (1 − mean)/std over the three channels
    means, stds = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    assert found.numbers["black_expected"] == pytest.approx(sum(-m / s for m, s in zip(means, stds, strict=True)) / 3)
    assert found.numbers["white_expected"] == pytest.approx(
        sum((1 - m) / s for m, s in zip(means, stds, strict=True)) / 3
    )


def test_the_right_normalisation_under_any_crop_is_no_finding(two_colours, model):
    def cropped(images):
        x = model_input(model, images)
        left = int(torch.randint(8, ()))
        return x[..., left : left + 24]

    assert wrong_normalisation(evidence(two_colours, model, cropped)) is None
    assert wrong_normalisation(evidence(two_colours, model, as_the_card_says(model))) is None


def test_without_a_card_nobody_knows_what_images_should_look_like(two_colours):
    assert "no card" in wrong_normalisation(evidence(two_colours, tiny(), lambda x: x.float())).needs
