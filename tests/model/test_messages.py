"""What a sentence has room for."""

from __future__ import annotations

from model.messages import listed


def test_of_many_names_a_sentence_holds_some_and_their_number() -> None:
    assert listed(["liver", "spleen"]) == "liver, spleen"
    assert listed([str(number) for number in range(200)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ... (200)"


def test_of_long_names_a_sentence_holds_fewer() -> None:
    names = [f"{number} a class whose name is a sentence of its own that goes on and on and on" for number in range(9)]
    assert listed(names) == f"{names[0]}, {names[1]}, ... (9)"
    assert listed(["a" * 999]) == "a" * 999
