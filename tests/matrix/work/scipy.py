"""SciPy: solvers in C and Fortran that call Python, its own threads, exceptions through C++."""

import ctypes
import io
import pickle

import numpy as np
import scipy.sparse.linalg
from scipy import (
    fft,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    sparse,
    spatial,
    special,
    stats,
)
from scipy import (
    io as files,
)

from ._facts import raised, told


def rounded(*values: float) -> list[float]:
    """Values as far as they are the same on every machine."""
    return [round(float(each), 6) for each in values]


def called_back() -> dict[str, object]:
    """Solvers that call functions of Python, and what those raise on the way through."""
    area = integrate.quad(lambda t: np.exp(-t * t), 0, np.inf)[0]
    nested = integrate.dblquad(lambda y, x: x * y, 0, 1, 0, lambda x: x)[0]
    decay = integrate.solve_ivp(lambda t, y: -y, [0, 3], [1.0], rtol=1e-8, method="LSODA")
    compiled = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(lambda t: 3 * t * t)
    return {
        "minimum": rounded(*optimize.minimize(optimize.rosen, [1.3, 0.7, 0.8], method="BFGS").x),
        "bounded": rounded(
            *optimize.minimize(optimize.rosen, [3, 3], method="L-BFGS-B").x.round(3)
        ),
        "roots": rounded(
            optimize.root(lambda x: x**3 - 2, [1.0]).x[0], optimize.brentq(np.cos, 1, 2)
        ),
        "fitted": rounded(*optimize.least_squares(lambda p: p[0] ** 2 - 4 + p[1], [1.0, 0.5]).fun),
        "program": rounded(optimize.linprog([-1, -2], A_ub=[[1, 1]], b_ub=[4]).fun),
        "integrals": rounded(area, nested, decay.y[0, -1]),
        "low_level": rounded(integrate.quad(compiled, 0, 2)[0]),
        "filter": rounded(ndimage.generic_filter(np.eye(12), lambda window: window.max(), 3).sum()),
        "inside": raised(lambda: integrate.quad(lambda t: 1 // 0, 0, 1)),
        "in_fortran": raised(lambda: optimize.root(lambda x: [][0], [1.0])),
    }


def in_threads(random: np.random.Generator) -> dict[str, object]:
    """What runs in threads that SciPy starts."""
    tree = spatial.cKDTree(random.random((3000, 3)))
    return {
        "nearest": rounded(tree.query(random.random((1000, 3)), workers=2)[0].sum()),
        "spectrum": rounded(np.abs(fft.fft2(random.random((64, 256)), workers=2)).sum()),
    }


def algebra(random: np.random.Generator) -> dict[str, object]:
    """Dense and sparse: LAPACK, SuperLU, ARPACK with an operator of Python."""
    dense = random.random((100, 100))
    thin = sparse.random(200, 200, 0.1, random_state=0) + sparse.eye(200) * 10
    symmetric = (thin @ thin.T).tocsc()
    operator = scipy.sparse.linalg.LinearOperator((200, 200), matvec=lambda x: symmetric @ x)
    start = np.ones(200)
    return {
        "solved": rounded(linalg.solve(dense, dense[0]).sum(), linalg.expm(dense / 100).sum()),
        "sparse": rounded(scipy.sparse.linalg.spsolve(thin.tocsc(), start).sum()),
        "eigenvalues": rounded(*scipy.sparse.linalg.eigsh(operator, k=3, v0=start)[0]),
        "iterated": rounded(scipy.sparse.linalg.cg(symmetric, start)[0].sum()),
        "singular": raised(lambda: linalg.inv(np.zeros((2, 2))), with_text=False),
    }


def shapes_and_signals(random: np.random.Generator) -> dict[str, object]:
    """Qhull, filters, splines, special functions and statistics."""
    points = random.random((60, 2))
    spline = interpolate.CubicSpline(np.arange(10), np.arange(10) ** 2)
    turn = spatial.transform.Rotation.from_euler("zyx", [90, 45, 30], degrees=True)
    with special.errstate(all="raise"):
        pole = raised(lambda: special.gamma(-1.0), with_text=False)
    file = io.BytesIO()
    files.savemat(file, {"points": points})
    file.seek(0)
    return {
        "hull": rounded(spatial.ConvexHull(points).volume, len(spatial.Delaunay(points).simplices)),
        "distances": rounded(spatial.distance.pdist(points, "cosine").sum()),
        "filtered": rounded(signal.lfilter(*signal.butter(4, 0.2), random.random(400)).sum()),
        "blurred": rounded(ndimage.gaussian_filter(random.random((80, 80)), 2).sum()),
        "spline": rounded(spline(3.5), pickle.loads(pickle.dumps(spline))(4.25)),
        "turned": rounded(*turn.apply([1, 2, 3])),
        "special": rounded(special.gammaln(np.arange(1, 50)).sum(), special.jv(2.5, 3.0)),
        "test": rounded(stats.ks_2samp(random.random(300), random.random(300)).pvalue),
        "saved": rounded(files.loadmat(file)["points"].sum()),
        "flat": raised(lambda: spatial.ConvexHull(np.zeros((4, 2))), with_text=False),
        "pole": pole,
    }


def work() -> str:
    """Do a little of everything."""
    random = np.random.default_rng(11)
    return told(
        **called_back(), **in_threads(random), **algebra(random), **shapes_and_signals(random)
    )
