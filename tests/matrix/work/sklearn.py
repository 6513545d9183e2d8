"""scikit-learn: Cython estimators, OpenMP and joblib threads, kernels and metrics of Python."""

import pickle

import numpy as np
from sklearn import base, exceptions
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, export_text

from ._facts import raised, told


class Doubled(base.TransformerMixin, base.BaseEstimator):
    """A transformer of one's own: checked, cloned and pickled by its parameters."""

    def __init__(self, by: float = 2.0) -> None:
        self.by = by

    def fit(self, features: np.ndarray, labels: object = None) -> "Doubled":
        return self

    def transform(self, features: np.ndarray) -> np.ndarray:
        return features * self.by


def estimators() -> list[base.BaseEstimator]:
    """Return what is trained: native threads, threads of joblib, functions of Python."""
    return [
        make_pipeline(StandardScaler(), Doubled(), LogisticRegression()),
        make_pipeline(FunctionTransformer(np.tanh), SGDClassifier(random_state=0)),
        RandomForestClassifier(8, random_state=0, n_jobs=2),
        HistGradientBoostingClassifier(max_iter=5),
        SVC(kernel=lambda a, b: a @ b.T),
        KNeighborsClassifier(
            5, metric=lambda a, b: float(np.abs(a - b).sum()), algorithm="ball_tree"
        ),
        DecisionTreeClassifier(max_depth=3, random_state=0),
    ]


def work() -> str:
    """Train a few small models, ask them, pickle them."""
    features, labels = make_classification(160, 8, random_state=3)
    scores: dict[str, float] = {}
    for number, each in enumerate(estimators()):
        fitted = base.clone(each).fit(features, labels)
        scores[f"{number} {type(each).__name__}"] = round(float(fitted.score(features, labels)), 4)
    forest = RandomForestClassifier(3, random_state=1).fit(features, labels)
    again = pickle.loads(pickle.dumps(forest))
    words = TfidfVectorizer(tokenizer=str.split, token_pattern=None).fit_transform(["a b", "b c c"])
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(features, labels)
    return told(
        scores=scores,
        clusters=round(float(KMeans(3, n_init=2, random_state=0).fit(features).inertia_), 3),
        components=PCA(2).fit(features).explained_variance_.round(6).tolist(),
        pickled=bool((again.predict(features) == forest.predict(features)).all()),
        words=words.toarray().round(6).tolist(),
        tree=export_text(tree, decimals=3),
        too_early=raised(lambda: PCA().transform(features), with_text=False),
        is_value_error=issubclass(exceptions.NotFittedError, ValueError),
        shapes=raised(lambda: LogisticRegression().fit(features, labels[:5])),
    )
