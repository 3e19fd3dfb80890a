"""The film tower as one ONNX file that goes from grey pixels to the vector."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.space import FilmTower

OPSET = 18


LEARNT = "learnt patients"
"""Key of the file's list of the patients whose films the weights have seen."""


def export(tower: FilmTower, learnt: Iterable[str], side: int, file: Path) -> str:
    """Write the tower and, beside it, the hash by which a damaged file is told.

    Parameters
    ----------
    tower : FilmTower
    learnt : iterable of str
        Numbers of the NIH patients whose films the weights have seen.
    side : int
        Of the films that the file takes, in pixels.
    file : pathlib.Path
        ``*.onnx``; the hash goes into ``*.onnx.sha256``.

    Returns
    -------
    str
        The hash.
    """
    pixels = torch.zeros((2, 1, side, side), dtype=torch.uint8)
    program = torch.onnx.export(
        tower.eval(),
        (pixels,),
        input_names=["pixels"],
        output_names=["vectors", "maps", "usual"],
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("films")},),
        verbose=False,
    )
    model = program.model_proto
    halve_weights(model)
    forget_the_workshop(model)
    patients = " ".join(f"nih:{number}" for number in sorted(map(int, learnt)))
    helper.set_model_props(model, {LEARNT: patients})
    onnx.checker.check_model(model)
    content = model.SerializeToString(deterministic=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    file.with_name(file.name + ".sha256").write_text(f"{digest}  {file.name}\n")
    return digest


def parity(tower: FilmTower, file: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Cosines between what the file and the tower in 32 bits give, shape (n,).

    Parameters
    ----------
    tower : FilmTower
    file : pathlib.Path
        The exported tower.
    pixels : ndarray
        Shape (n, 1, side, side), uint8.
    """
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    exported = session.run(["vectors"], {"pixels": pixels})[0].astype(np.float64)
    with torch.inference_mode():
        exact = tower(torch.from_numpy(pixels))[0].numpy().astype(np.float64)
    lengths = np.linalg.norm(exported, axis=1) * np.linalg.norm(exact, axis=1)
    cosines: NDArray[np.float64] = np.sum(exported * exact, axis=1) / lengths
    return cosines


def halve_weights(model: onnx.ModelProto) -> None:
    """Store weights in 16 bits; a cast, folded when the file is loaded, restores 32.

    Arithmetic stays in 32 bits.
    """
    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or int(np.prod(weight.dims)) < 64:
            continue
        wide, narrow = weight.name, weight.name + ".fp16"
        values = numpy_helper.to_array(weight).astype(np.float16)
        if not np.isfinite(values).all():
            continue
        weight.CopyFrom(numpy_helper.from_array(values, narrow))
        casts.append(helper.make_node("Cast", [narrow], [wide], to=TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def forget_the_workshop(model: onnx.ModelProto) -> None:
    """Drop notes of the exporter (paths, stack traces): they are not part of the weights."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
        value.doc_string = ""
    for weight in model.graph.initializer:
        del weight.metadata_props[:]
        weight.doc_string = ""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.graph.value_info[:]
    model.graph.doc_string = model.doc_string = ""
