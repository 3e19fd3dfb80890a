"""What the weights of a member depend on, as one hash: what changes it starts a run anew."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from types import ModuleType

from mmrag.encoders import preprocess
from training import augment, backbone, data, finetune, hardware, noise
from training import lessons as lessons_module
from training.finetune import Manner
from training.lessons import Lessons

CODE = (augment, backbone, data, finetune, hardware, lessons_module, noise, preprocess)
"""Modules that make a member's weights. Their comments and docstrings don't count."""


def key(lessons: Lessons, manner: Manner, epochs: int) -> str:
    """Hash the code and what a member is taught; 12 hexadecimal digits."""
    digest = hashlib.sha256(f"{manner} {epochs}".encode())
    for module in CODE:
        digest.update(told(module).encode())
    for file in lessons.files:
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
    for table in (lessons.targets, lessons.worth):
        digest.update(table.tobytes())
    return digest.hexdigest()[:12]


def told(module: ModuleType) -> str:
    """Write out what a module does, without its comments and docstrings."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
