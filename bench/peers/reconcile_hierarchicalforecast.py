"""Reconciles forecasts with hierarchicalforecast: reconcile_hierarchicalforecast.py INPUT OUTPUT METHODS.

Needs: hierarchicalforecast 1.5.3, numpy, scipy.
INPUT holds raw little-endian float64: numbers of leaves, levels, periods and known periods; by level, by leaf, the node of
its group; forecasts, nodes x periods; past errors, nodes x known periods. Nodes are groups, then leaves. METHODS are names
with commas between: bottom_up, ols, wls_struct, wls_var, mint_shrink; a sparse: before one takes the sparse solver, a
:nonnegative after it the non-negative one, at a tolerance of 1e-11. OUTPUT gets, by method, nodes x periods. Prints the
seconds of reconciling, without those of reading.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version

import clarabel
import numpy as np
from hierarchicalforecast.methods import BottomUp, MinTrace, MinTraceSparse
from scipy import sparse

warnings.filterwarnings("ignore")
# Its own tolerance leaves non-negative forecasts 1e-4 from the minimum.
settings = clarabel.DefaultSettings()
settings.verbose = False
settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
clarabel.DefaultSettings = lambda: settings

cells = np.fromfile(sys.argv[1], "<f8")
leaves, levels, periods, known = (int(number) for number in cells[:4])
node_of, rest = np.split(cells[4:], [levels * leaves])
groups = int(node_of.max()) + 1
nodes = groups + leaves
base, errors = (part.reshape(nodes, -1) for part in np.split(rest, [nodes * periods]))
rows = np.concatenate([node_of, groups + np.arange(leaves)])
columns = np.tile(np.arange(leaves), levels + 1)
S = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(nodes, leaves))
insample = {"y_insample": errors, "y_hat_insample": np.zeros_like(errors)} if known else {}

seconds, found = 0.0, []
for method in sys.argv[3].split(","):
    sums = S if "sparse:" in method else S.toarray()
    name, nonnegative = method.replace("sparse:", "").partition(":")[::2]
    started = time.perf_counter()
    if name == "bottom_up":
        reconciled = BottomUp().fit_predict(S=sums, y_hat=base)
    elif "sparse:" in method:
        reconciled = MinTraceSparse(name, nonnegative=bool(nonnegative)).fit_predict(S=sums, y_hat=base, **insample)
    else:
        reconciled = MinTrace(name, nonnegative=bool(nonnegative)).fit_predict(S=sums, y_hat=base, **insample)
    seconds += time.perf_counter() - started
    found.append(np.asarray(reconciled["mean"]))
np.concatenate(found).astype("<f8").tofile(sys.argv[2])
print(json.dumps({"name": "hierarchicalforecast", "version": version("hierarchicalforecast"), "value": seconds, "seconds": seconds}))
