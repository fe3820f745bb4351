"""Uplift metrics of scikit-uplift: measure_sklift.py INPUT OUTPUT UNITS SETS.

Needs: scikit-uplift 0.5.1, scikit-learn 1.9.1 (1.10 drops what scikit-uplift imports), numpy.
INPUT holds raw little-endian float64: outcome, treatment, then one column of scores per set; OUTPUT gets 12 figures per
set in the order of bench/src/cases/measure.rs. Prints one line of JSON.
"""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import sklift  # noqa: E402
from sklift.metrics import (  # noqa: E402
    qini_auc_score,
    qini_curve,
    uplift_at_k,
    uplift_auc_score,
    uplift_curve,
)

units, sets = int(sys.argv[3]), int(sys.argv[4])
columns = np.fromfile(sys.argv[1], "<f8").reshape(2 + sets, units)
outcome, treatment = columns[0], columns[1]
figures = []
started = time.perf_counter()
for score in columns[2:]:
    figures.append(qini_auc_score(outcome, score, treatment))
    figures.append(qini_auc_score(outcome, score, treatment, negative_effect=False))
    figures.append(uplift_auc_score(outcome, score, treatment))
    for curve in (qini_curve, uplift_curve):
        targeted, gain = curve(outcome, score, treatment)
        # Targeted and gain together in one figure that a moved point would change.
        figures.append(float(np.dot(targeted / units, gain / units)))
    for k in (0.1, 0.3, units // 7):
        for strategy in ("overall", "by_group"):
            figures.append(uplift_at_k(outcome, score, treatment, strategy, k))
    figures.append(float(len(qini_curve(outcome, score, treatment)[0])))
seconds = time.perf_counter() - started
np.array(figures, "<f8").tofile(sys.argv[2])
print(json.dumps({"name": "scikit-uplift", "version": sklift.__version__, "value": 0.0, "seconds": seconds}))
