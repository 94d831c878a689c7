import pytest

from transferlab.language import Tokenizer, bundled_tokenizer
from transferlab.language.byte_pairs import WORDS, joined


def test_the_most_frequent_pair_is_joined_first_and_ties_go_to_the_smaller_numbers():
    # "low" twice and "lot" once: (l, o) occurs 3 times; then (lo, w) twice, (lo, t) once
    tokenizer = Tokenizer.learn(["low low lot"], vocabulary=300)
    assert tokenizer.pairs[0] == (ord("l"), ord("o"))
    assert tokenizer.piece(257) in ("low", " lo", " low")
    assert all(tokenizer.encode(text) for text in ("low", "lot"))
    tied = Tokenizer.learn(["dc\ndc\nba\nba"], vocabulary=257)
    assert tied.pairs == [(ord("b"), ord("a"))]  # 98 before 100


def test_words_by_hand():
    tokenizer = Tokenizer([(ord("a"), ord("b")), (256, ord("a"))])
    assert tokenizer.encode("abab") == [256, 256]
    assert tokenizer.encode("abac") == [257, ord("c")]  # ab first, then ab and a
    assert tokenizer.decode([257, ord("b")]) == "abab"
    assert joined([1, 1, 1], (1, 1), 256) == [256, 1]


@pytest.mark.parametrize(
    "text", ["", "It was the best of times,\n\n  it\twas", "naïve — 雪 🐈 \x00 _under_ 1234567", "a" * 500]
)
def test_every_text_comes_back(text):
    tokenizer = bundled_tokenizer()
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert "".join(WORDS.findall(text)) == text


def test_half_a_character_does_not_stop_it():
    tokenizer = bundled_tokenizer()
    assert tokenizer.decode(tokenizer.encode("a\ud83d")) == "a?"
    assert tokenizer.decode("é".encode()[:1]) == "�"
    with pytest.raises(ValueError, match="There is no token 5000: this tokenizer has 0 to 1023"):
        tokenizer.decode([5000])


def test_tokens_are_saved_and_read(tmp_path):
    tokenizer = Tokenizer.learn(["the cat sat on the mat, the cat"], vocabulary=262)
    again = Tokenizer.load(tokenizer.save(tmp_path / "tokens.json"))
    assert again.pairs == tokenizer.pairs
    (tmp_path / "other.json").write_text('{"pairs": [[1, 900]]}')
    with pytest.raises(ValueError, match="holds no tokenizer"):
        Tokenizer.load(tmp_path / "other.json")
    with pytest.raises(ValueError, match="256 bytes at least; you asked for 10"):
        Tokenizer.learn(["a"], vocabulary=10)


def test_it_stops_where_no_pair_occurs_twice():
    assert len(Tokenizer.learn(["abc"], vocabulary=1000)) == 256


def test_every_token_knows_its_letters():
    tokenizer = Tokenizer([(ord("l"), ord("o")), (256, ord("w"))])
    text = "low é→ lo"
    tokens = tokenizer.encode(text)
    spans = tokenizer.letters(tokens)
    # low | space | é in two bytes | → in three | space | lo: worked out by hand
    assert spans == [(0, 3), (3, 4), (4, 5), (4, 5), (5, 6), (5, 6), (5, 6), (6, 7), (7, 9)]
