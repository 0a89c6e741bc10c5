"""Every figure quoted in README and docs is held against the results file that it comes from.

How to quote a figure. Each ``quotes_*.py`` beside this file has ``quote(q)``; it reads a results file and says the
sentence or table row with the figure put in, as it stands in the text (line breaks do not matter, Markdown does):

    demo = q.results("demo")                                    docs/results/demo.json; a .csv gives a DataFrame
    q.says(f"needs {demo['test_bits_per_byte']:.3f} bits per byte")
    q.fixed("in 5 seeds", "1.684 (char-rnn in TensorFlow)")     a setting, or a figure that others published

The test fails where a sentence that is said is not in the text (the text or the results file has changed), where a
number in the text is covered by nothing (a new figure has to be said or declared fixed), where something fixed is
not in the text, and where nothing is quoted of a results file. Code (in backticks and fences) and addresses of links
hold no figures. Say enough words around a number that the sentence can stand in one place alone. Numbers that are
spelled out ("five", "half") are not seen. What is covered: the README's section Results and all of docs/*.md.
"""

import difflib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"(?<![\w.])\d(?:[\d,.]*\d)?(?:e[+-]?\d+)?")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`|\]\([^)\s]*\)|<!--.*?-->|https?://\S+", re.DOTALL | re.MULTILINE)


class Text(NamedTuple):
    """A page: its name, and its text with every run of white space as one space and code blanked out."""

    name: str
    text: str
    shown: str


def text_of(name: str, markdown: str) -> Text:
    """A page as quotes are looked for in it."""
    blank = lambda found: re.sub(r"\S", "\0", found[0])  # noqa: E731
    squeezed = lambda text: re.sub(r"\s+", " ", text)  # noqa: E731
    return Text(name, squeezed(markdown), squeezed(CODE.sub(blank, markdown)))


def pages(root: Path = ROOT) -> list[Text]:
    """The README's results and every page of the docs."""
    readme = (root / "README.md").read_text()
    results = re.search(r"^## Results$.*?(?=^## )", readme, re.DOTALL | re.MULTILINE)
    found = [text_of("README.md", results[0])] if results else []
    return found + [text_of(p.name, p.read_text()) for p in sorted((root / "docs").rglob("*.md"))]


class Quotes:
    """What is said of the results, and where in the pages it stands."""

    def __init__(self, texts: list[Text], folder: Path):
        self.texts, self.folder = texts, folder
        self.read: set[str] = set()
        self.faults: list[str] = []
        self.covered = {text.name: [False] * len(text.text) for text in texts}

    def results(self, name: str) -> Any:
        """A file of docs/results by its name; with .csv a DataFrame, else the JSON file."""
        path = self.folder / (name if name.endswith(".csv") else f"{name}.json")
        self.read.add(path.name)
        return pd.read_csv(path) if path.suffix == ".csv" else json.loads(path.read_text())

    def says(self, *sentences: str) -> None:
        """Sentences, rows or parts of them that must stand in a page, with the figures as the results have them."""
        for sentence in sentences:
            if not self._cover(sentence):
                self.faults.append(f"not in the text: {sentence!r}\n      nearest there: {self._nearest(sentence)!r}")

    def fixed(self, *phrases: str) -> None:
        """Phrases whose numbers are settings or published by others."""
        self.faults += [f"declared fixed, but not in the text: {p!r}" for p in phrases if not self._cover(p)]

    def row(self, *cells: str) -> None:
        """A row of a table."""
        self.says(f"| {' | '.join(cells)} |")

    def unquoted(self) -> list[str]:
        """Numbers that nothing covers, each with the words around it."""
        return [
            f"{text.name}: {found[0]} in {text.text[max(0, found.start() - 40) : found.end() + 25]!r}"
            for text in self.texts
            for found in NUMBER.finditer(text.shown)
            if not all(self.covered[text.name][found.start() : found.end()])
        ]

    def unread(self) -> list[str]:
        """Results files that nothing is quoted of."""
        return sorted({p.name for p in self.folder.iterdir()} - self.read)

    def _cover(self, phrase: str) -> bool:
        phrase = re.sub(r"\s+", " ", phrase)
        # Not within a longer number: "1.2" does not stand in "11.2" nor in "1.25".
        pattern = r"(?<![\d.])" * phrase[0].isdigit() + re.escape(phrase) + r"(?!\.?\d)" * phrase[-1].isdigit()
        found = [(text, match) for text in self.texts for match in re.finditer(pattern, text.text)]
        for text, match in found:
            self.covered[text.name][match.start() : match.end()] = [True] * (match.end() - match.start())
        return bool(found)

    def _nearest(self, sentence: str) -> str:
        words, size = sentence.split(), len(sentence)
        starts = [(t, m.start()) for t in self.texts for m in re.finditer(re.escape(words[0]), t.text)]
        starts = starts or [(t, s) for t in self.texts for s in range(0, len(t.text), 20)]
        passages = [text.text[start : start + size + 10] for text, start in starts]
        return max(passages, key=lambda p: difflib.SequenceMatcher(None, p, sentence).quick_ratio(), default="")


def check(root: Path, sections: list[Any]) -> list[str]:
    """Everything that is wrong with the figures of the pages under a folder, by the sections' ``quote(q)``."""
    q = Quotes(pages(root), root / "docs" / "results")
    for section in sections:
        section(q)
    return [
        *q.faults,
        *(f"no quote covers {n}" for n in q.unquoted()),
        *(f"nothing is quoted of {n}" for n in q.unread()),
    ]
