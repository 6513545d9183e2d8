"""Packages that compute: arrays, tables, images, models, geometry, graphs."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from ._found import use


@use("Cython")
def cython() -> object:
    from Cython.Compiler import Scanning
    from Cython.Compiler.Nodes import CFuncDefNode

    return Scanning.__file__.endswith(".so"), CFuncDefNode.__name__


@use("C++, cppy")
def kiwisolver() -> object:
    from kiwisolver import Solver, Variable

    one, other, solver = Variable("a"), Variable("b"), Solver()
    solver.addConstraint(one + other == 10)
    solver.addConstraint((one >= 7) | "strong")
    solver.addConstraint((other >= 1) | "weak")
    solver.updateVariables()
    return one.value() + other.value()


@use("pybind11, C++")
def contourpy() -> object:
    import contourpy

    made = contourpy.contour_generator(z=[[0, 1], [1, 2]], name="serial")
    return [line.tolist() for line in made.lines(0.5)]


@use("Cython")
def fonttools() -> object:
    from fontTools.misc import bezierTools
    from fontTools.pens import momentsPen

    line = bezierTools.splitQuadraticAtT((0, 0), (50, 100), (100, 0), 0.5)
    return line, bezierTools.COMPILED, momentsPen.COMPILED


@use("C++, LLVM by ctypes")
def llvmlite() -> object:
    from llvmlite import binding

    source = "define i32 @f(i32 %a) { %b = add i32 %a, 1\n ret i32 %b }"
    module = binding.parse_assembly(source)
    module.verify()
    return [each.name for each in module.functions]


@use("C, C++, LLVM")
def numba() -> object:
    import numba
    import numpy

    @numba.njit
    def total(values):  # type: ignore[no-untyped-def]
        found = 0.0
        for each in values:
            found += each * each
        return found

    return total(numpy.arange(10.0))


@use("Cython, C")
def h5py() -> object:
    import h5py

    with h5py.File(io.BytesIO(), "w") as file:
        file["a"] = list(range(10))
        file["a"].attrs["unit"] = "m"
        return file["a"][2:5].tolist(), file["a"].attrs["unit"]


@use("Cython")
def statsmodels() -> object:
    import numpy
    from statsmodels.nonparametric.smoothers_lowess import lowess
    from statsmodels.regression.linear_model import OLS

    x = numpy.arange(20.0)
    fitted = OLS(2 * x + 1, numpy.column_stack([x, numpy.ones(20)])).fit()
    return fitted.params.round(6).tolist(), lowess(x, x)[:2].round(6).tolist()


@use("C++", requirement="ml-dtypes numpy")
def ml_dtypes() -> object:
    import ml_dtypes
    import numpy

    made = numpy.arange(5).astype(ml_dtypes.bfloat16)
    return str(made.dtype), (made * 1.5).astype("f4").tolist()


@use("Cython, C++")
def shapely() -> object:
    import shapely

    one = shapely.Point(0, 0).buffer(2)
    other = shapely.box(0, 0, 3, 3)
    return round(one.intersection(other).area, 6), shapely.STRtree([one, other]).query(one).tolist()


@use("Cython, C++")
def pyproj() -> object:
    import pyproj

    made = pyproj.Transformer.from_crs(4326, 3857)
    return [round(each, 3) for each in made.transform(50, 10)]


@use("Cython, C++", requirement="pyogrio numpy")
def pyogrio() -> object:
    import pyogrio

    return "GeoJSON" in pyogrio.list_drivers(), len(pyogrio.__gdal_version__)


@use("ctypes, C++")
def rtree() -> object:
    from rtree import index

    made = index.Index()
    for n in range(20):
        made.insert(n, (n, n, n + 1, n + 1))
    return sorted(made.intersection((3.5, 3.5, 5.5, 5.5)))


@use("Cython, C")
def h3() -> object:
    import h3

    cell = h3.latlng_to_cell(50.0, 10.0, 7)
    return cell, len(h3.grid_disk(cell, 2))


@use("Cython", "scikit-image")
def skimage() -> object:
    import numpy
    from skimage import filters, measure, transform

    image = numpy.zeros((20, 20))
    image[5:9, 5:9] = image[12:15, 12:15] = 1
    return (
        int(measure.label(image).max()),
        float(filters.threshold_otsu(image)).__round__(4),
        transform.rotate(image, 30).shape,
    )


@use("C++, threads", "opencv-python-headless")
def cv2() -> object:
    import cv2
    import numpy

    image = numpy.zeros((64, 64, 3), numpy.uint8)
    cv2.circle(image, (32, 32), 10, (255, 255, 255), -1)
    grey = cv2.cvtColor(cv2.GaussianBlur(image, (5, 5), 0), cv2.COLOR_BGR2GRAY)
    return int(grey.sum()), len(cv2.findContours(grey, 0, 2)[0])


@use("nanobind or pybind11, C++")
def onnx() -> object:
    from onnx import TensorProto, checker, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "ab"]
    graph = helper.make_graph([helper.make_node("Relu", ["a"], ["b"])], "g", ends[:1], ends[1:])
    model = helper.make_model(graph)
    checker.check_model(model)
    return len(model.SerializeToString()) > 0


@use("pybind11, C++, threads", requirement="onnxruntime onnx")
def onnxruntime() -> object:
    import numpy
    import onnxruntime
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in "ab"]
    graph = helper.make_graph([helper.make_node("Relu", ["a"], ["b"])], "g", ends[:1], ends[1:])
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"a": numpy.array([-1, 0, 2], "f4")})[0].tolist()


@use("ctypes, C++, OpenMP")
def xgboost() -> object:
    import numpy
    import xgboost

    data = numpy.arange(40.0).reshape(20, 2)
    made = xgboost.DMatrix(data, label=data[:, 0] > 20)
    trained = xgboost.train({"max_depth": 2, "nthread": 2}, made, num_boost_round=2)
    return len(trained.get_dump()), trained.predict(made).shape


@use("ctypes, C++, OpenMP")
def lightgbm() -> object:
    import lightgbm
    import numpy

    data = numpy.arange(200.0).reshape(100, 2)
    options = {"verbose": -1, "num_threads": 2, "objective": "binary"}
    trained = lightgbm.train(options, lightgbm.Dataset(data, data[:, 0] > 90), 3)
    return trained.num_trees(), trained.predict(data).shape


@use("SWIG, C++, OpenMP", "faiss-cpu")
def faiss() -> object:
    import faiss
    import numpy

    data = numpy.eye(8, dtype="f4")
    made = faiss.IndexFlatL2(8)
    made.add(data)
    return made.search(data[:2], 2)[0].tolist(), made.ntotal


@use("C++, threads")
def numexpr() -> object:
    import numexpr
    import numpy

    a = numpy.arange(50_000.0)
    return float(numexpr.evaluate("sum(a * 2 + sin(a))", {"a": a})).__round__(3)


@use("C")
def bottleneck() -> object:
    import bottleneck
    import numpy

    return bottleneck.nanmean(numpy.array([1, numpy.nan, 4])), bottleneck.move_mean(
        numpy.arange(5.0), 2
    )[1:].tolist()


@use("Cython")
def fastparquet() -> object:
    import fastparquet
    import pandas

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "a.parquet"))
        fastparquet.write(path, pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]}))
        return fastparquet.ParquetFile(path).to_pandas().to_dict("list")


@use("Cython, C", "pywavelets")
def pywt() -> object:
    import pywt

    return [part.round(6).tolist() for part in pywt.dwt([1, 2, 3, 4], "db2")]


@use("pybind11, C++")
def optree() -> object:
    import optree

    leaves, tree = optree.tree_flatten({"a": [1, 2], "b": (3, {"c": 4})})
    return leaves, optree.tree_unflatten(tree, [2 * each for each in leaves])


@use("nanobind, C++", requirement="soxr numpy")
def soxr() -> object:
    import numpy
    import soxr

    return soxr.resample(numpy.ones(1000, "f4"), 8000, 4000).shape


@use("Cython, C, threads", requirement="numcodecs numpy")
def numcodecs() -> object:
    import numcodecs
    import numpy

    codec = numcodecs.Blosc(cname="zstd")
    packed = codec.encode(numpy.arange(10_000))
    return numpy.frombuffer(codec.decode(packed), dtype=int)[-2:].tolist()


@use("Cython, C, threads")
def tables() -> object:
    import tables

    with tables.open_file("a.h5", "w", driver="H5FD_CORE", driver_core_backing_store=0) as file:
        made = file.create_array("/", "a", list(range(10)))
        return made[2:4], made.dtype.kind


@use("C++, threads, Cython")
def blosc2() -> object:
    import blosc2
    import numpy

    made = blosc2.asarray(numpy.arange(10_000).reshape(100, 100))
    return int(made[5, 7]), blosc2.decompress(blosc2.compress(b"text" * 100))[:4]


@use("Cython")
def cftime() -> object:
    import cftime

    return str(cftime.num2date(59, "days since 2024-01-01", "360_day"))


@use("C")
def pyerfa() -> object:
    import erfa

    return [float(each) for each in erfa.cal2jd(2024, 2, 29)]


@use("C, Cython")
def astropy() -> object:
    from astropy import units
    from astropy.time import Time

    return (5 * units.km).to(units.m).value, Time("2024-02-29T00:00:00").jd


@use("C", "biopython")
def Bio() -> object:
    from Bio.Align import PairwiseAligner
    from Bio.Seq import Seq

    return PairwiseAligner().score("GATTACA", "GCATGCU"), str(Seq("ATGC").reverse_complement())


@use("Cython, C++")
def pyclipper() -> object:
    import pyclipper

    square = [(0, 0), (10, 0), (10, 10), (0, 10)]
    made = pyclipper.Pyclipper()
    made.AddPath(square, pyclipper.PT_SUBJECT, True)
    made.AddPath([(x + 5, y + 5) for x, y in square], pyclipper.PT_CLIP, True)
    return sorted(map(tuple, made.Execute(pyclipper.CT_INTERSECTION)[0]))


@use("Rust, PyO3, threads")
def rustworkx() -> object:
    import rustworkx

    graph = rustworkx.PyDiGraph()
    nodes = graph.add_nodes_from(list("abc"))
    graph.add_edges_from([(nodes[0], nodes[1], 2.0), (nodes[1], nodes[2], 3.0)])
    lengths = rustworkx.dijkstra_shortest_path_lengths(graph, 0, lambda edge: edge)
    return dict(lengths), rustworkx.topological_sort(graph)[:]


@use("Cython, C")
def cvxpy() -> object:
    import cvxpy

    x = cvxpy.Variable()
    problem = cvxpy.Problem(cvxpy.Minimize((x - 3) ** 2), [x <= 2])
    problem.solve()
    return round(float(x.value), 3)


@use("nanobind, C++, threads", requirement="manifold3d numpy")
def manifold3d() -> object:
    import manifold3d

    one = manifold3d.Manifold.cube([2, 2, 2])
    other = manifold3d.Manifold.cube([1, 1, 1])
    return round((one - other).volume(), 6), (one + other).num_vert()


@use("f2py, Fortran, OpenMP")
def pyshtools() -> object:
    import numpy
    from pyshtools import legendre

    return numpy.asarray(legendre.PLegendre(3, 0.5)).round(6).tolist()


@use("C++, Rust, PyO3, threads", requirement="datafusion pyarrow")
def datafusion() -> object:
    from datafusion import SessionContext

    found = SessionContext().sql("select sum(a) as s from (values (1), (2)) t(a)").to_pydict()
    return found


@use("pybind11, C++, threads")
def duckdb() -> object:
    import duckdb

    with duckdb.connect(config={"threads": 2}) as base:
        base.execute("create table t as select range as a from range(10000)")
        return base.execute("select sum(a), count(*) from t where a % 3 = 0").fetchall()


@use("Cython", requirement="pyiceberg")
def pyiceberg() -> object:
    from pyiceberg.avro.decoder import new_decoder

    decoder = new_decoder(b"\x06abc\x0a")
    return type(decoder).__name__, decoder.read_utf8(), decoder.read_int()


@use("Rust, PyO3", "arro3-core")
def arro3() -> object:
    from arro3.core import Array, DataType

    made = Array([1, 2, 3], DataType.int64())
    return len(made), str(made.type), made.slice(1).to_pylist()


@use("Cython, C, threads", requirement="av numpy")
def av() -> object:
    import av
    import numpy

    frame = av.VideoFrame.from_ndarray(numpy.zeros((32, 32, 3), "u1"), format="rgb24")
    return frame.reformat(16, 16).to_ndarray(format="gray").shape, "mp4" in av.formats_available


@use("C", "pillow-heif", "pillow-heif numpy")
def pillow_heif() -> object:
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, format="HEIF")
    file.seek(0)
    return Image.open(file).size


@use("Cython, C, SDL")
def pygame() -> object:
    os.environ |= {"SDL_VIDEODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    import pygame

    surface = pygame.Surface((20, 20))
    surface.fill((255, 0, 0), (5, 5, 5, 5))
    return tuple(surface.get_at((6, 6))), pygame.mask.from_threshold(
        surface, (255, 0, 0), (9, 9, 9)
    ).count()
