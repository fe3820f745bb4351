"""Policies of stock by stockpyl: stock_stockpyl.py FOLDER (problems.json).

Needs: stockpyl, scipy. Reads problems, solves them and writes answers.json beside them: for each the two numbers of the
policy and its cost. Prints one line of JSON with the seconds of all of them.
"""
import importlib.metadata
import json
import os
import sys
import time

from stockpyl.newsvendor import newsvendor_normal, newsvendor_poisson
from stockpyl.rq import r_q_poisson_exact
from stockpyl.ss import s_s_discrete_exact

folder = sys.argv[1]
problems = json.load(open(os.path.join(folder, "problems.json")))

started = time.perf_counter()
answers = []
for problem in problems:
    h, p, k = problem["holding"], problem["missing"], problem["ordering"]
    mean, lead = problem["mean"], problem["lead"]
    if problem["kind"] == "newsvendor_normal":
        quantity, cost = newsvendor_normal(h, p, mean, problem["deviation"])
        answers.append([quantity, 0.0, cost])
    elif problem["kind"] == "newsvendor_poisson":
        quantity, cost = newsvendor_poisson(h, p, mean)
        answers.append([quantity, 0.0, cost])
    elif problem["kind"] == "min_max":
        answers.append(list(s_s_discrete_exact(h, p, k, True, mean)))
    else:
        answers.append(list(r_q_poisson_exact(h, p, k, mean, lead)))
seconds = time.perf_counter() - started

json.dump([[float(x) for x in answer] for answer in answers], open(os.path.join(folder, "answers.json"), "w"))
print(json.dumps({"name": "stockpyl", "version": importlib.metadata.version("stockpyl"), "value": seconds, "seconds": seconds}))
