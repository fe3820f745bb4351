"""Effects by econml's doubly robust learner with LightGBM: uplift_econml.py INPUT OUTPUT ROWS RUNS.

Needs: econml, lightgbm, scikit-learn, numpy.
INPUT holds raw little-endian float64 columns of ROWS rows; per run six columns, propensity, arm, outcome, and of other
customers six columns and the true effect. OUTPUT gets the root mean squared error of each run, then the peak memory in
bytes. Of two usual sets of parameters, LightGBM's own and slower small trees, the one that is better on average over all
runs counts, with its time alone. Prints one line of JSON.
"""

import json
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import econml  # noqa: E402
import numpy as np  # noqa: E402
from econml.dr import DRLearner  # noqa: E402
from lightgbm import LGBMRegressor  # noqa: E402
from sklearn.base import BaseEstimator, ClassifierMixin  # noqa: E402

rows, runs = int(sys.argv[3]), int(sys.argv[4])
COLUMNS, THREADS = 6, 2
PER_RUN = 2 * COLUMNS + 4


class Told(ClassifierMixin, BaseEstimator):
    """The propensity that is told, in the last column."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, -1], X[:, -1]])

    def predict(self, X):
        return (X[:, -1] > 0.5).astype(int)


PARAMETERS = [
    {},
    {"learning_rate": 0.05, "num_leaves": 8, "n_estimators": 150, "max_depth": 3},
]


def trees(parameters):
    return LGBMRegressor(verbose=-1, n_jobs=THREADS, random_state=1, **parameters)


data = np.memmap(sys.argv[1], "<f8", "r", shape=(runs * PER_RUN, rows))
best = None
for parameters in PARAMETERS:
    errors, seconds = [], 0.0
    for run in range(runs):
        of = np.asarray(data[run * PER_RUN : (run + 1) * PER_RUN])
        X, W = of[:COLUMNS].T, of[COLUMNS : COLUMNS + 1].T
        arm, outcome = of[COLUMNS + 1].astype(int), of[COLUMNS + 2]
        others, effect = of[COLUMNS + 3 : PER_RUN - 1].T, of[PER_RUN - 1]
        began = time.perf_counter()
        learner = DRLearner(
            model_propensity=Told(),
            model_regression=trees(parameters),
            model_final=trees(parameters),
            cv=5,
            min_propensity=1e-6,
            random_state=1,
        )
        learner.fit(outcome, arm, X=X, W=W)
        found = learner.effect(others).ravel()
        seconds += time.perf_counter() - began
        errors.append(float(np.sqrt(np.mean((found - effect) ** 2))))
    if best is None or np.mean(errors) < np.mean(best[0]):
        best = (errors, seconds, parameters)
errors, seconds, parameters = best
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
np.array(errors + [memory], "<f8").tofile(sys.argv[2])
print(
    json.dumps(
        {
            "name": "econml",
            "version": econml.__version__,
            "value": 1.0,
            "seconds": seconds,
            "note": f"DRLearner, LightGBM with {parameters or 'its own parameters'}",
        }
    )
)
