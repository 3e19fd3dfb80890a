"""Vectors between NumPy and pgvector, in pgvector's binary form.

Both types travel as a big-endian 16-bit length, 16 unused bits, and the big-endian numbers:
four bytes each for ``vector``, two for ``halfvec``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo

_HEADER = struct.Struct(">HH")


@dataclass(frozen=True, slots=True)
class Half:
    """A parameter of type ``halfvec``, rounded to half precision on its way."""

    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Full:
    """A parameter of type ``vector``."""

    vector: NDArray[np.float32]


def halved(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round as storing in a ``halfvec`` does."""
    return vectors.astype(np.float16).astype(np.float32)


class _HalfDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Half) -> Buffer:
        return _HEADER.pack(len(obj.vector), 0) + obj.vector.astype(">f2").tobytes()


class _FullDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Full) -> Buffer:
        return _HEADER.pack(len(obj.vector), 0) + obj.vector.astype(">f4").tobytes()


class _HalfLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> NDArray[np.float32]:
        return np.frombuffer(data, ">f2", offset=_HEADER.size).astype(np.float32)


class _FullLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> NDArray[np.float32]:
        return np.frombuffer(data, ">f4", offset=_HEADER.size).astype(np.float32)


@dataclass(frozen=True, slots=True)
class VectorTypes:
    """How this database numbers pgvector's two types."""

    half: TypeInfo
    full: TypeInfo

    @classmethod
    def of(cls, connection: psycopg.Connection[Any]) -> VectorTypes:
        """Look them up; the extension's schema must be on the search path."""
        half = TypeInfo.fetch(connection, "halfvec")
        full = TypeInfo.fetch(connection, "vector")
        if half is None or full is None:
            raise psycopg.ProgrammingError("types of pgvector not found")
        return cls(half, full)

    def register(self, connection: psycopg.Connection[Any]) -> None:
        """Teach a connection both types; they are read in binary cursors only."""
        for info, kind, dumper, loader in (
            (self.half, Half, _HalfDumper, _HalfLoader),
            (self.full, Full, _FullDumper, _FullLoader),
        ):
            info.register(connection)
            numbered = type(dumper.__name__, (dumper,), {"oid": info.oid})
            connection.adapters.register_dumper(kind, numbered)
            connection.adapters.register_loader(info.oid, loader)
