import hashlib

import pytest
import torch

from transferlab.language import foresee, language_card, load_language_model
from transferlab.language.bundled_language_model import FOLDER, NAME

# The opening of Jane Austen's "Persuasion" (1817), which is none of the nine books.
UNSEEN = """Sir Walter Elliot, of Kellynch Hall, in Somersetshire, was a man who, for his own amusement, never took up
any book but the Baronetage; there he found occupation for an idle hour, and consolation in a distressed one; there his
faculties were roused into admiration and respect, by contemplating the limited remnant of the earliest patents."""


def test_the_file_is_the_one_that_the_card_describes():
    card = language_card()
    payload = (FOLDER / f"{NAME}.safetensors").read_bytes()
    assert hashlib.sha256(payload).hexdigest() == card["sha256"]
    assert len(payload) < 8e6
    model, tokenizer = load_language_model()
    assert sum(p.numel() for p in model.parameters()) == card["num_parameters"]
    assert len(tokenizer) == card["architecture"]["vocabulary"]
    assert len(card["books"]) == 8
    assert not set(card["books"]) & set(card["held_out_book"])


def test_it_foresees_english_far_better_than_chance_and_than_itself_untrained():
    model, tokenizer = load_language_model()
    tokens = torch.tensor(tokenizer.encode(UNSEEN))
    known = foresee(model, tokens, len(UNSEEN))
    fresh = foresee(load_language_model(pretrained=False)[0], tokens, len(UNSEEN))
    assert known.bits_per_byte < 2.6
    assert fresh.perplexity == pytest.approx(1024, rel=0.2)


def test_random_weights_are_those_of_their_seed():
    one, other, third = (load_language_model(pretrained=False, seed=seed)[0].head.weight for seed in (0, 0, 1))
    assert torch.equal(one, other)
    assert not torch.equal(one, third)
