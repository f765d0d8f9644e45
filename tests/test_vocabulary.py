"""The field's words (docs/decisions/0014): banned words and doubled class names may only become fewer."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("domain", "ledger", "projections", "services")
BANNED = (
    "aboard",
    "adrift",
    "baton",
    "desk",
    "express",
    "heard",
    "house",
    "lane",
    "lens",
    "shelf",
    "stretch",
    "told",
    "travel",
)
#: Identifiers that still contain a banned word, by package: the number may only fall, and then it falls here too.
REMAINING = {
    "domain": {"told": 1},
    "ledger": {},
    "projections": {},
    "services": {"told": 1},
}
#: Public classes of one name in several modules: acts, events and states of aggregates, which are named per aggregate.
DOUBLED = {
    "Act",
    "Create",
    "Created",
    "Join",
    "Open",
    "PutInForce",
    "Review",
    "Reviewed",
}
#: Names that descriptions in the OpenAPI document still give to constants that are called otherwise by now.
PUBLISHED_NAMES = {"FEWEST_CASES", "REMINDERS_A_DAY"}


@cache
def trees(root: Path, package: str) -> list[tuple[Path, ast.Module]]:
    return [(path.relative_to(root), ast.parse(path.read_text())) for path in sorted((root / package).rglob("*.py"))]


def identifiers(tree: ast.Module) -> set[str]:
    """Every name that the module defines: functions, classes, arguments, variables, attributes of self."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.id if isinstance(node, ast.Name) else node.attr)
    return names


def words(identifier: str) -> set[str]:
    return set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", identifier).lower()))


def count_banned(root: Path, package: str) -> dict[str, int]:
    found = Counter(
        word
        for _, tree in trees(root, package)
        for name in identifiers(tree)
        for word in words(name).intersection(BANNED)
    )
    return dict(sorted(found.items()))


def doubled_classes(root: Path) -> set[str]:
    homes: dict[str, set[Path]] = defaultdict(set)
    for package in PACKAGES:
        for path, tree in trees(root, package):
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes[node.name].add(path)
    return {name for name, paths in homes.items() if len(paths) > 1}


def test_banned_words_in_identifiers_only_become_fewer() -> None:
    assert REMAINING == {package: count_banned(ROOT, package) for package in PACKAGES}


def test_no_further_public_class_has_a_name_that_another_module_gives() -> None:
    assert DOUBLED == doubled_classes(ROOT)


def test_a_planted_word_and_a_planted_double_are_found(tmp_path: Path) -> None:
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "planted.py").write_text("class Queue: ...\n\n\ndef take_the_baton(told): ...\n")

    assert {"baton": 1, "told": 1} == count_banned(tmp_path, "ledger")
    assert {"Queue"} == doubled_classes(tmp_path)


def list_unknown_names(root: Path) -> set[str]:
    """The constants, and the places in our packages, that a comment names in backticks and that are not there."""
    known, quoted = set[str](), set[str]()
    for package in PACKAGES:
        for path, tree in trees(root, package):
            known.update(path.with_suffix("").parts)
            known.update(
                name
                for node in ast.walk(tree)
                for field in ("id", "attr", "name", "arg")
                if isinstance(name := getattr(node, field, None), str)
            )
            quoted.update(re.findall(r"`([^`\n]+)`", (root / path).read_text()))
    ours = (each for each in quoted if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", each) or each.partition(".")[0] in PACKAGES)
    missing = {each for each in ours if not known.issuperset(re.findall(r"\w+", each))}
    return {each for each in missing if not each.startswith("PLIMSOLL_")}


def test_what_a_comment_names_is_there() -> None:
    assert PUBLISHED_NAMES == list_unknown_names(ROOT)
