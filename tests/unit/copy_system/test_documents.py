"""A document's copy says nothing that holds in this repository only, and brings what it links to."""

import pytest

from lib.copy_system import documents

HERE, END = "<!-- only in TAP -->", "<!-- end: only in TAP -->"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a{HERE}, here{END}.", "a.\n"),
        (f"one\n\n{HERE}\n\n## Here\n\n{END}\n\ntwo", "one\n\ntwo\n"),
        (f"{HERE}x{END}kept{HERE}y{END}", "kept\n"),
    ],
)
def test_what_holds_here_only_is_left_out(text, expected):
    assert documents.adapted(text, set()) == expected


def test_commands_that_the_copy_lacks_are_left_out_of_blocks():
    text = "```sh\nscripts/up x        # here\nscripts/test\ncdk deploy\n```"
    assert documents.adapted(text, {"test"}) == "```sh\nscripts/test\ncdk deploy\n```\n"


def test_a_block_of_nothing_else_goes():
    assert documents.adapted("before\n\n```sh\nscripts/up\n```\n\nafter", {"test"}) == "before\n\nafter\n"


def test_a_path_is_no_command():
    text = "```sh\n.venv/scripts/up\n```"
    assert documents.adapted(text, set()) == f"{text}\n"


def test_links_are_those_within_the_repository():
    text = "[a](../x.md#part) [b](https://example.com) [c](#here) ![d](pictures/d.svg)"
    assert list(documents.links(text)) == ["../x.md", "pictures/d.svg"]


def test_code_refers_to_decisions_by_number():
    found = documents.decisions(["see docs/decisions/0006", "docs/decisions/9999"])
    assert {path.name[:4] for path in found} == {"0006"}


def test_a_document_brings_what_it_leads_to(tmp_path):
    (tmp_path / "a.md").write_text(f"[b](b.md) [p](p.svg) {HERE}[c](c.md){END} [gone](gone.svg)")
    (tmp_path / "b.md").write_text("[a](a.md)")
    (tmp_path / "p.svg").touch()
    found, others = documents.collected([tmp_path / "a.md"], set())
    assert {path.name for path in found} == {"a.md", "b.md"}
    assert {path.name for path in others} == {"p.svg"}
