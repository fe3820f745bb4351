"""Writes reference.json: python reference.py > reference.json.

Needs: hierarchicalforecast 1.5.3, numpy.
Four products in two categories at two sites, summed up by total, category, product and site. Inputs come from the minimal
standard generator, so that the test makes them again; the file holds reconciled leaves only, leaves x periods.
"""

import json

import clarabel
import numpy as np
from hierarchicalforecast.methods import BottomUp, MinTrace, MinTraceSparse
from scipy import sparse

PERIODS, KNOWN = 3, 30
state = 7


def uniform():
    global state
    state = 16807 * state % 2147483647
    return state / 2147483647


leaves = [(product, site) for product in range(4) for site in range(2)]
groups = [lambda p, s: True]
groups += [lambda p, s, c=c: p // 2 == c for c in range(2)]
groups += [lambda p, s, q=q: p == q for q in range(4)]
groups += [lambda p, s, t=t: s == t for t in range(2)]
S = np.array([[float(of(*leaf)) for leaf in leaves] for of in groups] + np.eye(8).tolist())
# Many leaves near 0, and groups that say much less or more than their leaves.
bottom = np.array([[20 * uniform() ** 3 for _ in range(PERIODS)] for _ in leaves])
base = S @ bottom
base[:9] *= np.array([[0.1 + uniform() for _ in range(PERIODS)] for _ in groups])
errors = S @ np.array([[100 * (uniform() - 0.5) for _ in range(KNOWN)] for _ in leaves])
errors += np.array([[60 * (uniform() - 0.5) for _ in range(KNOWN)] for _ in range(17)])
insample = {"y_insample": errors, "y_hat_insample": np.zeros_like(errors)}


def of(method, S=S, **more):
    return method.fit_predict(S=S, y_hat=base, **more)["mean"][9:].tolist()


# Without this its non-negative forecasts are as far from the minimum as 1e-4.
settings = clarabel.DefaultSettings()
settings.verbose = False
settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
clarabel.DefaultSettings = lambda: settings

found = {"bottom_up": of(BottomUp())}
for name in ["ols", "wls_struct", "wls_var", "mint_shrink"]:
    found[name] = of(MinTrace(name), **insample)
for name in ["ols", "wls_struct", "wls_var"]:
    found[name + "_nonnegative"] = of(MinTraceSparse(name, nonnegative=True), sparse.csr_matrix(S), **insample)
found["mint_shrink_nonnegative"] = of(MinTrace("mint_shrink", nonnegative=True), **insample)
print("{" + ",\n".join(f"{json.dumps(name)}: {json.dumps(rows)}" for name, rows in found.items()) + "}")
