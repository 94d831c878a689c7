from transferlab.data.labelled import Splits
from transferlab.explain.methods import METHODS
from transferlab.language import LastToken, SmallGPT, Tokenizer, sentence_set
from transferlab.widgets.attribution_view import METHOD_NAMES, OF_PIXELS, AttributionView
from transferlab.widgets.filter_view import FilterView


def test_every_method_has_a_name_for_people():
    assert set(METHOD_NAMES) == set(METHODS)
    assert set(OF_PIXELS) == {name for name, method in METHODS.items() if not method.stage}


def test_what_can_be_chosen_follows_the_images(make_session, page):
    shown = page(AttributionView(make_session()))
    shown.hello()
    choices = shown.state["choices"]
    assert choices["targets"] == ["its answer", "the true class", "red", "blue"]
    assert choices["stages"] == ["conv1", "layer1", "layer2", "layer3", "layer4"]
    assert choices["pixels"] is False
    shown.press("choose", method="occlusion")
    assert shown.state["choices"]["pixels"] is True


def test_answers_come_with_the_maps(make_session, page):
    session = make_session(epochs=1)
    session.start(blocking=True)
    shown = page(AttributionView(session))
    shown.press("look", position=1.0)
    images = shown.messages("frame")[-1][0]["facts"]["images"]
    assert [one["truth"] for one in images] == ["red", "blue", "red", "blue"]
    assert all(0.5 <= one["probability"] <= 1 for one in images)  # the higher of two


def test_a_class_that_other_images_do_not_have_falls_back_to_the_answer(make_session, page, two_colours):
    from dataclasses import replace

    from transferlab.data.images import Splits

    session = make_session()
    shown = page(AttributionView(session))
    shown.press("choose", target="blue")
    green = [replace(part, class_names=("red", "green")) for part in (two_colours.train, two_colours.held_out)]
    session.choose(data=Splits(*green))
    shown.press("look", position=0.0)
    content = shown.messages("frame")[-1][0]
    assert content["facts"]["asked"]["target"] == "its answer"
    assert shown.sentences == []


def test_texts_have_words_and_sounds_say_why_there_is_nothing(make_session, page):
    texts = sentence_set(Tokenizer([]), ["a cat", "a dog", "the cat", "no dog"], [0, 1, 0, 1], ("c", "d"), length=8)
    model = LastToken(SmallGPT(256, dim=16, blocks=1, heads=2, hidden=32, context=16), Tokenizer([]), length=8)
    session = make_session(model, Splits(texts, texts), epochs=1)
    shown = page(AttributionView(session))
    shown.hello()
    assert shown.state["choices"]["methods"] == [["words", "Integrated gradients (words)"]]
    assert (shown.state["choices"]["noun"], shown.state["nothing"]) == ("text", "")
    session.start(blocking=True)
    shown.press("look", position=1.0)
    words = shown.messages("frame")[-1][0]["facts"]["texts"]
    assert [one["truth"] for one in words] == ["c", "d", "c", "d"]
    filters = page(FilterView(session))
    filters.hello()
    assert filters.state["nothing"].endswith("look at pictures; this one reads texts.")
    silent = make_session(LastToken(model.model), Splits(texts, texts))
    without = page(AttributionView(silent))
    without.hello()
    assert "LastToken(model, tokenizer)" in without.state["nothing"]
    without.press("look", position=0.0)
    assert "LastToken(model, tokenizer)" in without.messages("nothing")[-1][0]["text"]
    silent.start(blocking=True)
    assert silent.state == "finished"
