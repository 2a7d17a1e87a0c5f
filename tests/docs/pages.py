"""The documentation as its readers see it: headings, links, tables, fenced blocks."""

import dataclasses
import re

from running import ROOT

PAGES = [ROOT / "README.md", ROOT / "deploy/README.md", *sorted((ROOT / "docs").glob("*.md"))]


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block: its page, its language, its text, what is said right before it, and where the next begins."""

    page: str
    line: int
    language: str
    text: str
    before: str

    @property
    def key(self):
        """What a block is known by: its page and its first line."""
        return self.page, self.text.split("\n", 1)[0]

    @property
    def end(self):
        """The line of its last fence."""
        return self.line + self.text.count("\n") + 1

    def __str__(self):
        return f"{self.page}:{self.line}"


def name_of(page):
    return str(page.relative_to(ROOT))


def page(name):
    """The text of a page."""
    return (ROOT / name).read_text()


def blocks():
    """Every fenced block of every page."""
    return [block for file in PAGES for block in _blocks_of(name_of(file), file.read_text())]


def _blocks_of(name, text):
    lines, paragraph, begun = text.split("\n"), [], None
    for number, line in enumerate(lines, 1):
        if begun is None and line.startswith("```"):
            begun, language = number, line[3:]
        elif line == "```":
            yield Block(name, begun, language, "\n".join(lines[begun : number - 1]) + "\n", "\n".join(paragraph))
            begun, paragraph = None, []
        elif begun is None and (line or _is_blank_before_a_block(lines, number)):
            paragraph.append(line)
        elif begun is None:
            paragraph = []
    assert begun is None, f"{name}:{begun} does not end"


def _is_blank_before_a_block(lines, number):
    return number < len(lines) and lines[number].startswith("```")


def prose(text):
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def codes(text):
    """What a page says in code within its sentences and tables."""
    return re.findall(r"`([^`\n]+)`", prose(text))


def section(name, heading):
    """What stands under a heading, up to the next."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", page(name), re.DOTALL | re.MULTILINE)
    assert found, f"{name} has no heading {heading!r}"
    return found[1]


def rows(text):
    """The rows of the tables in a text, without their heads, as lists of cells."""
    lines = [line for line in text.split("\n") if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = {number for number, row in enumerate(cells) if all(re.fullmatch("-+", cell) for cell in row)}
    return [row for number, row in enumerate(cells) if number not in rules and number + 1 not in rules]


def anchors(text):
    """The anchors of the headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links(text):
    """The targets of the links."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))
