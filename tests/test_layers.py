"""Who may import whom: downwards only, never sideways, held against the imports of every file."""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the bottom up; what stands on one level does not import each other.
LEVELS = (
    ("types", "errors", "quoting"),
    ("config",),
    ("cells",),
    ("unroll",),
    ("tasks", "interop", "concepts"),
    ("models",),
    ("decoding",),
    ("analysis", "runs"),
    ("training",),
    ("restore",),
    ("sweeps", "report"),
    ("studies",),
)
LEVEL = {part: level for level, parts in enumerate(LEVELS) for part in parts}
# Where the levels would allow more than is meant.
ONLY = {
    "runs": {"types", "errors", "quoting", "config"},  # files know nothing of models
    "report": {"runs", "errors", "types", "config"},  # made from results files alone
    "concepts": {"types", "errors"},  # text alone
}
PACKAGES = ("experiments", "configs", "rnn_research")
CONFIGS_MAY_IMPORT = {
    "rnn_research.training.defaults",
    "rnn_research.studies.study_defaults",
    "rnn_research.errors",
    "ml_collections",
}
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc"}


def part_of(module: str) -> str | None:
    """``"rnn_research.cells.lstm"`` is of ``"cells"``; None outside the package."""
    names = module.split(".")
    return names[1] if names[0] == "rnn_research" and len(names) > 1 else None


def fault(importer: str, imported: str) -> str:
    """What is wrong with one module importing another, or nothing."""
    if imported.split(".")[0] not in PACKAGES:
        return ""
    if importer.startswith("configs"):
        return "" if imported in CONFIGS_MAY_IMPORT else "a config imports the defaults alone"
    if importer.startswith("experiments"):
        return "a command does not import a config" if imported.startswith("configs") else ""
    if not imported.startswith("rnn_research"):
        return "the package imports no command and no config"
    ours, theirs = part_of(importer), part_of(imported)
    if ours is None or theirs is None:
        return "the package itself is imported by its parts alone, and imports none of them"
    if ours == theirs:
        return ""
    if unknown := {ours, theirs} - set(LEVEL):
        return f"{', '.join(sorted(unknown))} has no level: give it one here and in the map"
    if ours in ONLY and theirs not in ONLY[ours]:
        return f"{ours} imports only {', '.join(sorted(ONLY[ours]))}"
    return "" if LEVEL[theirs] < LEVEL[ours] else f"{theirs} is not below {ours}"


def imports(path: Path) -> list[str]:
    """Every module that a file imports, also inside functions, and every name from a package as if it were one."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            assert node.module is not None
            below = [f"{node.module}.{name.name}" for name in node.names]
            modules = [m for m in below if module_exists(m)]
            found += modules if modules else [node.module]
    return found


def module_exists(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_downwards(path):
    faults = [f"{name_of(path)} imports {m}: {f}" for m in imports(path) if (f := fault(name_of(path), m))]
    assert not faults, "\n".join(faults)


def test_configs_import_the_defaults_and_nothing_else_of_ours_or_others():
    standard = {"collections.abc", "typing", "itertools", "math"}
    for path in (ROOT / "configs").glob("*.py"):
        assert set(imports(path)) <= CONFIGS_MAY_IMPORT | standard, path.name


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("rnn_research.cells.lstm", "rnn_research.unroll"),
        ("rnn_research.tasks.text.corpus", "rnn_research.decoding.generate"),
        ("rnn_research.tasks.task", "rnn_research.models"),
        ("rnn_research.runs.checkpoints", "rnn_research.models"),
        ("rnn_research.analysis.gradients", "rnn_research.runs.directory"),
        ("rnn_research.report.html", "rnn_research.training.train"),
        ("rnn_research.training.train", "rnn_research.report"),
        ("rnn_research.training.train", "experiments.launch"),
        ("rnn_research.errors", "rnn_research.types"),
        ("rnn_research.cells.lstm", "rnn_research.attic"),
        ("configs.demo", "rnn_research.models"),
        ("experiments.train", "configs.demo"),
    ],
)
def test_this_test_sees_a_wrong_import(importer, imported):
    assert fault(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("rnn_research.cells.lstm", "jax.numpy"),
        ("rnn_research.cells.lstm", "rnn_research.cells.linear"),
        ("rnn_research.training.train", "rnn_research.cells"),
        ("rnn_research.report.run_page", "rnn_research.runs.metrics"),
        ("experiments.train", "rnn_research.training.train"),
    ],
)
def test_this_test_lets_a_right_import_pass(importer, imported):
    assert not fault(importer, imported)


def test_no_file_is_a_drawer_for_odds_and_ends():
    folders = (*PACKAGES, "tests")
    names = {
        part for f in folders for p in (ROOT / f).rglob("*.py") for part in p.relative_to(ROOT).with_suffix("").parts
    }
    assert not names & DRAWERS


def test_no_two_modules_have_one_name():
    """Whoever opens a file by its name finds the one that was meant."""
    names = Counter(path.stem for path in FILES if part_of(name_of(path)) and path.stem != "__init__")
    assert not [name for name, count in names.items() if count > 1]


def test_the_pytorch_bridge_and_all_else_work_without_pytorch():
    assert not [name_of(path) for path in FILES if part_of(name_of(path)) and "torch" in imports(path)]
