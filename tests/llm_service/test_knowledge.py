"""The shop's knowledge: how a folder is read, and how a mistake in it is told."""

from pathlib import Path

import pytest

from llm_service.knowledge.library import Knowledge, load
from llm_service.knowledge.passages import KnowledgeError

POLICIES = "# Store policies\n\n## Return window\nYou have 14 days.\n"


def folder(root: Path, **files: str | bytes) -> Path:
    """`en__policies="…"` becomes en/policies.md."""
    for name, content in files.items():
        path = root / f"{name.replace('__', '/')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def headings(knowledge: Knowledge) -> list[tuple[str, str, str]]:
    return [(passage.language, passage.document, passage.heading) for passage in knowledge.passages]


def test_the_example_shop_says_the_same_in_both_languages() -> None:
    knowledge = load(None)
    assert knowledge.languages == ("en", "es")
    english, spanish = (
        [
            (passage.document, sum(map(str.isdigit, passage.text)))
            for passage in knowledge.passages
            if passage.language == it
        ]
        for it in knowledge.languages
    )
    assert [document for document, _ in english] == [document for document, _ in spanish]


def test_the_example_shops_links_are_on_its_own_reserved_domain() -> None:
    links = load(None).links
    assert "shop.example/returns" in links
    assert all(link.startswith("shop.example/") or link.endswith("@shop.example") for link in links)


def test_a_folder_with_languages_and_a_flat_one_are_both_read(tmp_path: Path) -> None:
    german = "# Versand\n\n## Was der Versand kostet\nDer Versand kostet 5 Euro.\n"
    by_language = load(folder(tmp_path / "a", en__policies=POLICIES, de__versand=german))
    assert headings(by_language) == [
        ("de", "versand", "Was der Versand kostet"),
        ("en", "policies", "Return window"),
    ]
    flat = load(folder(tmp_path / "b", policies=POLICIES, versand=german))
    assert headings(flat) == [("en", "policies", "Return window"), ("de", "versand", "Was der Versand kostet")]


def test_a_document_that_only_another_language_has_is_given_to_the_model_in_that(tmp_path: Path) -> None:
    spanish = "# Envíos\n\n## Cuánto cuesta\nEl envío cuesta 5 euros.\n"
    knowledge = load(folder(tmp_path, en__policies=POLICIES, es__policies=POLICIES, es__shipping=spanish))
    assert [passage.language for passage in knowledge.policies()] == ["en"]
    assert [[passage.text for passage in document] for document in knowledge.documents()] == [
        ["El envío cuesta 5 euros."]
    ]


def test_the_version_changes_with_any_word(tmp_path: Path) -> None:
    one = load(folder(tmp_path / "a", en__policies=POLICIES))
    same = load(folder(tmp_path / "b", en__policies=POLICIES))
    other = load(folder(tmp_path / "c", en__policies=POLICIES.replace("14", "15")))
    assert one.version == same.version != other.version


def test_lines_of_a_passage_are_joined_and_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    text = "\ufeff# Policies\n\n## One\nfirst line\n\n  second   line\n## Two\nx"
    assert [p.text for p in load(folder(tmp_path, policies=text)).passages] == ["first line second line", "x"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "has no policies.md"),
        ({"en__returns": POLICIES}, "has no policies.md"),
        ({"en__policies": "just text"}, "policies.md: line 1: expected `# title` first"),
        ({"en__policies": ""}, "expected a first line `# title`"),
        ({"en__policies": "# Only a title\n"}, "expected a first line `# title`"),
        ({"en__policies": "# T\nloose text\n## H\nx"}, "line 2"),
        ({"en__policies": "# T\n## H\n\n## I\nx"}, "`## H`: both the heading and the text"),
        ({"en__policies": "# T\n## \nx"}, "both the heading and the text"),
        ({"en__policies": f"# T\n## H\n{'x' * 801}"}, "over 800 characters"),
        ({"en__policies": b"# T\n## H\n\xff\xfe"}, "not UTF-8"),
        ({"en__policies": POLICIES, "en__long": "# T\n" + f"## H\n{'word ' * 150}\n" * 140}, "at most 100000"),
    ],
)
def test_a_mistake_is_told_with_the_setting_the_file_and_what_to_do(
    tmp_path: Path, files: dict[str, str | bytes], says: str
) -> None:
    with pytest.raises(KnowledgeError) as error:
        load(folder(tmp_path, **files))
    assert str(error.value).startswith("KNOWLEDGE_DIR: ")
    assert says in str(error.value)


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"^KNOWLEDGE_DIR: .*nowhere is not a folder$"):
        load(tmp_path / "nowhere")
