"""README and docs quote what docs/results holds; how to add a figure stands at the head of quoting.py."""

import json
import re
from fnmatch import fnmatch

import pytest
import quotes_cells
import quotes_gradient
import quotes_language_models
import quotes_speed
import quotes_sweeps
import quotes_two_basins
from quoting import ROOT, check

SECTIONS = [
    quotes_language_models.quote,
    quotes_gradient.quote,
    quotes_cells.quote,
    quotes_sweeps.quote,
    quotes_speed.quote,
    quotes_two_basins.quote,
]


def test_every_figure_of_readme_and_docs_is_that_of_its_results_file():
    faults = check(ROOT, SECTIONS)
    assert not faults, "\n  ".join([f"{len(faults)} faults; see tests/docs/quoting.py:", *faults])


README = """# A title with 1 number

## Results

The model needs {bits} bits
per byte in 5 seeds, `--length=100`:

```
command --steps=300
```

| network | error |
|---|---|
| LSTM | {error} |
{more}
## Next

17 more.
"""


@pytest.fixture
def planted(tmp_path):
    """A page with two figures, its results, and what says them."""

    def write(bits="2.13", error="0.10", more="", byte=2.128, page=""):
        (tmp_path / "docs" / "results").mkdir(parents=True, exist_ok=True)
        (tmp_path / "README.md").write_text(README.format(bits=bits, error=error, more=more))
        (tmp_path / "docs" / "page.md").write_text(page)
        (tmp_path / "docs" / "results" / "demo.json").write_text(json.dumps({"bits": byte, "error": 0.1}))
        return check(tmp_path, [quote])

    def quote(q):
        demo = q.results("demo")
        q.says(f"The model needs {demo['bits']:.2f} bits per byte")
        q.row("LSTM", f"{demo['error']:.2f}")
        q.fixed("5 seeds")

    return write


def test_what_is_quoted_right_passes(planted):
    assert planted() == []


@pytest.mark.parametrize("changed", [{"bits": "2.14"}, {"bits": "12.13"}, {"error": "0.105"}, {"byte": 2.147}])
def test_a_changed_figure_or_results_file_is_found(planted, changed):
    faults = planted(**changed)
    assert any("not in the text" in fault for fault in faults)
    assert any(fault.startswith("no quote covers") for fault in faults)


@pytest.mark.parametrize(
    ("where", "number"), [({"more": "It is 3 times as fast.\n"}, "3"), ({"page": "about 1,200 words"}, "1,200")]
)
def test_a_new_figure_must_be_said_or_fixed(planted, where, number):
    (fault,) = planted(**where)
    assert number in fault
    assert fault.startswith("no quote covers")


def test_a_results_file_that_nothing_quotes_is_found(planted, tmp_path):
    planted()
    (tmp_path / "docs" / "results" / "old.json").write_text("{}")
    assert "nothing is quoted of old.json" in planted()


def test_a_setting_that_is_gone_from_the_text_is_found(planted, tmp_path):
    planted()
    readme = tmp_path / "README.md"
    readme.write_text(readme.read_text().replace("5 seeds", "some seeds"))
    faults = check(tmp_path, [lambda q: q.fixed("5 seeds") or q.results("demo")])
    assert "declared fixed, but not in the text: '5 seeds'" in faults


def test_every_results_file_stands_beside_the_command_that_makes_it():
    named = re.findall(r"^\| (.+?) \|", (ROOT / "docs" / "commands_of_results.md").read_text(), re.MULTILINE)
    patterns = [pattern for cell in named for pattern in re.findall("`([^`]+)`", cell)]
    results = [path.name for path in (ROOT / "docs" / "results").iterdir()]
    assert [name for name in results if not any(fnmatch(name, pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in results)] == []
