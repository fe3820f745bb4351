"""Learners of effects on Hillstrom's test with LightGBM: uplift_lightgbm.py ARM.

Needs: lightgbm 4.7, scikit-uplift 0.5.1, scikit-learn 1.9.1, pyarrow.
Two models, one model and the X-learner, each of 100 trees of 31 leaves at a rate of .1, out of five folds with equal
shares of arms and visits. Prints the best Qini coefficient, all folds in one ranking, and all of them with uplift at
30 % in the note, in brackets ranked within folds.
"""

import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import lightgbm  # noqa: E402
import numpy as np  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from scipy.stats import rankdata  # noqa: E402
from sklearn.model_selection import StratifiedKFold  # noqa: E402
from sklift.metrics import qini_auc_score, uplift_at_k  # noqa: E402

arm = sys.argv[1]
table = pq.read_table(os.path.join(os.environ["COMPTOIR_DATA"], "hillstrom/hillstrom.parquet")).to_pandas()
table = table[table.segment.isin([arm, "No E-Mail"])]
x = table[["recency", "history", "mens", "womens", "newbie"]].astype(float)
for name in ("zip_code", "channel"):
    for level in sorted(table[name].unique()):
        x[f"{name}_{level}"] = (table[name] == level).astype(float)
x, t, y = x.to_numpy(), (table.segment == arm).to_numpy().astype(int), table.visit.to_numpy().astype(float)


def learn(x, y):
    return lightgbm.LGBMRegressor(n_estimators=100, num_leaves=31, learning_rate=0.1, verbose=-1).fit(x, y)


started = time.perf_counter()
scores = {name: np.zeros(len(y)) for name in ("T", "S", "X")}
folds = []
for inside, outside in StratifiedKFold(5, shuffle=True, random_state=0).split(x, 2 * t + (y > 0)):
    folds.append(outside)
    own, kind, target = x[inside], t[inside], y[inside]
    none, mail = (learn(own[kind == arm], target[kind == arm]) for arm in (0, 1))
    scores["T"][outside] = mail.predict(x[outside]) - none.predict(x[outside])
    both = learn(np.column_stack([own, kind]), target)
    with_arm = [both.predict(np.column_stack([x[outside], np.full(len(outside), arm)])) for arm in (0, 1)]
    scores["S"][outside] = with_arm[1] - with_arm[0]
    treated = learn(own[kind == 1], target[kind == 1] - none.predict(own[kind == 1]))
    control = learn(own[kind == 0], mail.predict(own[kind == 0]) - target[kind == 0])
    scores["X"][outside] = 0.5 * (treated.predict(x[outside]) + control.predict(x[outside]))
seconds = time.perf_counter() - started


def quality(score):
    return qini_auc_score(y, score, t), uplift_at_k(y, score, t, "overall", 0.3)


def within_folds(score):
    shares = np.zeros(len(score))
    for fold in folds:
        shares[fold] = (rankdata(score[fold], "min") - 1) / len(fold)
    return shares


found = {name: (quality(score), quality(within_folds(score))) for name, score in scores.items()}
of = {name: f"{qini:.4f}/{at:.4f} ({own:.4f}/{own_at:.4f})" for name, ((qini, at), (own, own_at)) in found.items()}
note = ", ".join(f"{name} {figures}" for name, figures in of.items())
best = max(pooled for (pooled, _), _ in found.values())
version = lightgbm.__version__
print(json.dumps({"name": "LightGBM", "version": version, "value": best, "seconds": seconds, "note": note}))
