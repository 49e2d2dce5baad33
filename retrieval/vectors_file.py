"""Vectors of queries and gallery in one ``.npz``, to be scored again or elsewhere.

``query`` (Q, D) and ``gallery`` (G, D), floats of any length; ``query_people``, ``query_cameras``, ``gallery_people``,
``gallery_cameras``, integers; perhaps ``query_names`` and ``gallery_names``, texts. Nothing in it is pickled.
"""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import SourceError
from retrieval.market1501 import PersonVectors
from retrieval.person_images import JUNK, PersonImage

PARTS = ("query", "gallery")
NEEDED = tuple(f"{part}{what}" for part in PARTS for what in ("", "_people", "_cameras"))


def read_vectors(path: Path) -> tuple[PersonVectors, PersonVectors, int]:
    """The queries and the gallery, brought to unit length, and how much junk was left out.

    Raises:
        SourceError: If the file is no such file, or its arrays do not fit each other.
    """
    try:
        with path.open("rb") as opened:
            file = np.load(opened, allow_pickle=False)
            arrays = {name: file[name] for name in file.files} if isinstance(file, np.lib.npyio.NpzFile) else None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        # NumPy takes whatever it does not know for a pickle, and says how to load it unsafely.
        reason = "it holds something else than arrays of numbers" if "pickle" in str(error) else error
        raise SourceError(f"{path} is no readable .npz file ({reason}); check the path, or write it again") from error
    if arrays is None:
        raise SourceError(f"{path} holds one array, not the vectors of queries and gallery; write it by np.savez")
    missing = [name for name in NEEDED if name not in arrays]
    if missing:
        raise SourceError(f"{path} lacks {', '.join(missing)}; it needs {', '.join(NEEDED)}")
    query, gallery = (_part(path, name, arrays) for name in PARTS)
    if query.vectors.shape[1] != gallery.vectors.shape[1]:
        raise SourceError(
            f"{path}: queries have {query.vectors.shape[1]} numbers, the gallery {gallery.vectors.shape[1]}; "
            "they must come from one embedder"
        )
    kept = _without_junk(query), _without_junk(gallery)
    return *kept, len(query.images) + len(gallery.images) - len(kept[0].images) - len(kept[1].images)


def write_vectors(path: Path, query: PersonVectors, gallery: PersonVectors) -> None:
    """Writes such a file: whole, or not at all.

    Raises:
        OSError: If it cannot be written.
    """
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, part in zip(PARTS, (query, gallery), strict=True):
        arrays |= {name: part.vectors, f"{name}_people": part.people, f"{name}_cameras": part.cameras}
        arrays[f"{name}_names"] = np.array([image.path.name for image in part.images], np.str_)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _part(path: Path, name: str, arrays: Mapping[str, NDArray[np.generic]]) -> PersonVectors:
    vectors = arrays[name]
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu" or 0 in vectors.shape:
        raise SourceError(f"{path}: {name} must be (N, D) numbers, not {vectors.dtype} of shape {vectors.shape}")
    truth = []
    for what in ("people", "cameras"):
        numbers = arrays[f"{name}_{what}"]
        if numbers.shape != vectors.shape[:1] or numbers.dtype.kind not in "iu":
            raise SourceError(
                f"{path}: {name}_{what} must be {len(vectors)} integers, not {numbers.dtype} of shape {numbers.shape}"
            )
        truth.append(numbers.tolist())
    names = arrays.get(f"{name}_names", np.array([f"{name}[{row}]" for row in range(len(vectors))]))
    if names.shape != vectors.shape[:1] or names.dtype.kind != "U":
        raise SourceError(
            f"{path}: {name}_names must be {len(vectors)} texts, not {names.dtype} of shape {names.shape}"
        )
    wide = vectors.astype(np.float64)
    lengths = np.sqrt(np.einsum("nd,nd->n", wide, wide))
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        wrong = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))[0]
        raise SourceError(f"{path}: {name}[{wrong}] has no direction (zero or not finite); leave it out")
    images = (PersonImage(Path(text), *who) for text, *who in zip(names.tolist(), *truth, strict=True))
    return PersonVectors(tuple(images), (wide / lengths[:, None]).astype(np.float32))


def _without_junk(part: PersonVectors) -> PersonVectors:
    kept = part.people != JUNK
    if kept.all():
        return part
    return PersonVectors(tuple(image for image in part.images if image.person != JUNK), part.vectors[kept])
