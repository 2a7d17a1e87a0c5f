"""Every relative link leads to a file, every anchor to a heading."""

import pytest
from pages import PAGES, anchors, links, name_of


@pytest.mark.parametrize("file", PAGES, ids=name_of)
def test_links_lead_somewhere(file):
    text = file.read_text()
    for link in links(text):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), f"{link}: no such file"
        if anchor:
            assert anchor in anchors(target.read_text()), f"{link}: no such heading"


def test_the_readme_links_every_page():
    linked = {(PAGES[0].parent / link.partition("#")[0]).resolve() for link in links(PAGES[0].read_text())}
    assert set(PAGES[1:]) <= linked


def test_there_are_links():
    assert sum(len(links(file.read_text())) for file in PAGES) > 40
    assert links("[a](b.md#c) and\n```\n[no](link)\n```\n") == ["b.md#c"]
    assert anchors("## Unreal's command line\n") == {"unreals-command-line"}
