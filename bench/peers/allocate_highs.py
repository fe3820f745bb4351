"""The linear optimum of offers under budgets by HiGHS: allocate_highs.py FOLDER (values.f32, costs.i32, stores.u16, limits.json).

Needs: highspy, numpy, scipy. Prints one line of JSON with the optimum in euros.
"""
import json
import os
import sys
import time

import highspy
import numpy as np
import scipy.sparse as sp

folder = sys.argv[1]
stores = np.fromfile(os.path.join(folder, "stores.u16"), "<u2")
values = np.fromfile(os.path.join(folder, "values.f32"), "<f4").astype(float).reshape(len(stores), -1)
costs = np.fromfile(os.path.join(folder, "costs.i32"), "<i4").astype(float).reshape(len(stores), -1)
limits = json.load(open(os.path.join(folder, "limits.json")))

started = time.perf_counter()
# What is not worth anything is never chosen under budgets alone: leaving it out helps the solver.
customer, offer = np.nonzero(values > 0)
value, cost = values[customer, offer], costs[customer, offer]
variables = np.arange(len(value))
blocks = [sp.csr_matrix((np.ones(len(value)), (customer, variables)), (len(stores), len(value)))]
for limit in limits:
    covered = np.ones(len(value), bool)
    if limit["offers"] is not None:
        covered &= np.isin(offer, limit["offers"])
    if limit["stores"] is not None:
        covered &= np.isin(stores[customer], limit["stores"])
    blocks.append(sp.csr_matrix((cost * covered)[None, :]))
matrix = sp.vstack(blocks).tocsc()
matrix.eliminate_zeros()

program = highspy.HighsLp()
program.num_col_, program.num_row_ = matrix.shape[1], matrix.shape[0]
program.col_cost_ = value
program.col_lower_, program.col_upper_ = np.zeros(len(value)), np.full(len(value), highspy.kHighsInf)
program.row_lower_ = np.full(matrix.shape[0], -highspy.kHighsInf)
program.row_upper_ = np.concatenate([np.ones(len(stores)), [limit["budget"] for limit in limits]])
program.a_matrix_.start_, program.a_matrix_.index_, program.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
program.sense_ = highspy.ObjSense.kMaximize
solver = highspy.Highs()
solver.setOptionValue("output_flag", False)
for option in sys.argv[2:]:
    name, text = option.split("=")
    solver.setOptionValue(name, text)
solver.passModel(program)
solver.run()
seconds = time.perf_counter() - started
assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal, solver.modelStatusToString(solver.getModelStatus())

optimum = solver.getInfo().objective_function_value / 100
solution = np.asarray(solver.getSolution().col_value)
fractional = int(np.sum((solution > 1e-6) & (solution < 1 - 1e-6)))
print(
    json.dumps(
        {
            "name": "HiGHS",
            "version": solver.version(),
            "value": optimum,
            "seconds": seconds,
            "note": f"linear program of {matrix.shape[1]} variables and {matrix.shape[0]} rows, {fractional} variables neither 0 nor 1",
        }
    )
)
