"""Answers without a model: quotes, honesty, courtesy, follow-ups."""

from pathlib import Path

import pytest

from llm_service.events import Citation, Said, Turn
from llm_service.knowledge.library import load
from llm_service.providers.offline import Offline, Quote
from tests.llm_service.harness import turn

OFFLINE = Offline(load(None))


def ask(*said: str) -> Quote:
    return OFFLINE.answer(turn(*said))


def test_a_question_is_answered_with_a_quote_and_its_source() -> None:
    quote = ask("How long do I have to return shoes?")
    assert quote.text == (
        "From our Returns policy: You have 30 days from the day of delivery to return your shoes, "
        "as long as they are unworn and in the original box."
    )
    assert quote.citations == (Citation("Returns policy", "How long you have to return an order"),)


def test_a_spanish_question_is_answered_in_spanish() -> None:
    quote = ask("¿Cuánto tiempo tengo para devolver unos zapatos?")
    assert quote.text.startswith("Según nuestra página «Política de devoluciones»: Tienes 30 días")


def test_a_german_question_is_answered_with_an_english_quote() -> None:
    text = ask("Wie lange kann ich Schuhe zurückgeben?").text
    assert text.startswith("From our ")
    assert "30 days" in text


@pytest.mark.parametrize(
    "question", ["What is the capital of France?", "Do you sell bicycles?", "?", "", "\N{THUMBS UP SIGN}"]
)
def test_what_the_knowledge_does_not_have_is_said_with_what_to_do_instead(question: str) -> None:
    quote = ask(question)
    assert quote.text.startswith("I am sorry, I cannot find an answer to that in our information.")
    assert "help@shop.example" in quote.text
    assert quote.citations == (Citation("Help page", "How to reach a person"),)


def test_honesty_is_in_the_customers_language() -> None:
    assert ask("¿Vendéis bicicletas?").text.startswith("Lo siento, no encuentro una respuesta")
    assert "Según nuestra página «Página de ayuda»" in ask("¿Vendéis bicicletas?").text


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("hi", "Hello! What can I do for you?"),
        ("Hello there!", "Hello! What can I do for you?"),
        ("¡Hola, buenas tardes!", "¡Hola! ¿En qué puedo ayudarte?"),
        ("Hallo", "Hello! What can I do for you?"),
        ("thanks a lot!", "You are welcome! Just write if there is anything else."),
        ("gracias", "¡De nada! Escribe si necesitas algo más."),
        ("ok thanks, bye", "Goodbye, and thank you for your visit!"),
    ],
)
def test_courtesy_is_answered_with_courtesy(said: str, answer: str) -> None:
    assert ask(said) == Quote(answer)


def test_a_question_after_a_greeting_is_answered() -> None:
    assert "4.90" in ask("Hi, how much is shipping?").text


@pytest.mark.parametrize("follow_up", ["and for boots?", "what about sandals?", "and boots"])
def test_a_follow_up_leans_on_the_question_before(follow_up: str) -> None:
    assert "30 days" in ask("How long do I have to return shoes?", "30 days.", follow_up).text


def test_a_follow_up_about_something_else_is_answered_honestly() -> None:
    assert ask("How much is shipping?", "4.90", "and bicycles?").text.startswith("I am sorry")
    assert ask("How much is shipping?", "4.90", "What is the capital of France?").text.startswith("I am sorry")


def test_a_follow_up_that_stands_for_itself_is_answered_by_itself() -> None:
    assert "next business day" in ask("How much is shipping?", "4.90", "and express?").text


def test_two_questions_get_two_answers() -> None:
    quote = ask("How much is shipping? And do you take PayPal?")
    assert len(quote.citations) == 2
    assert "4.90" in quote.text
    assert "PayPal" in quote.text


def test_a_story_is_answered_by_the_question_in_it() -> None:
    quote = ask("I bought some trainers last week. They are lovely but too small. Can I swap them?")
    assert "Another size or colour" in quote.text


@pytest.mark.parametrize("before", ["hello ", "return? ", "thanks\n"])
def test_a_flood_of_words_is_answered_by_its_end_and_holds_nobody_up(before: str) -> None:
    assert "30 days" in ask(before * 60_000, "How long do I have to return shoes").text


def test_all_messages_of_a_turn_are_the_question() -> None:
    said = tuple(Said(True, text) for text in ("hello", "how long do I have", "to return shoes"))
    assert "30 days" in OFFLINE.answer(Turn("c", said, "safe")).text


def test_a_shops_own_knowledge_is_quoted_with_its_titles(tmp_path: Path) -> None:
    rules = [
        "# Bike rules",
        "## Test rides",
        "You can try any bicycle for 20 minutes.",
        "## Helmets",
        "Helmets are free.",
    ]
    (tmp_path / "policies.md").write_text("\n\n".join(rules))
    own = Offline(load(tmp_path))
    ride = own.answer(turn("Can I do a test ride?"))
    assert ride.text == "From our Bike rules: You can try any bicycle for 20 minutes."
    nothing = own.answer(turn("What is the capital of France?"))
    assert nothing.text.startswith("I am sorry, I cannot find an answer to that")
    assert nothing.citations == ()
