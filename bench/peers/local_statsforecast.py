"""Forecasts series each from itself with statsforecast: local_statsforecast.py FOLDER ets|all.

Needs: statsforecast 2.1.1, numpy.
FOLDER/problems.json holds a list of {"season": periods, "values": [...], "theta": [level, alpha, theta]}; the last, found
by us, is null where there is a season. Writes FOLDER/answers.json, in the same order: form chosen of ETS, its log-likelihood
and AICc, and whether its parameters are beyond the bounds of `check_param`, which the search does not keep; with `all` also
the parameters and forecasts of the dynamic optimised Theta method, its mean squared error and the one that statsforecast
gives for our parameters, and the forecasts by Croston SBA and TSB.
Two processes share the series; each has fitted the first series of every season before. Prints the milliseconds of
processors for fitting ETS and forecasting by it, over the number of series.
"""

import json
import multiprocessing
import os
import sys
import time
import warnings
from importlib.metadata import version

# One thread each: the processes are what works side by side.
for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[name] = "1"

import numpy as np
from statsforecast._lib import theta as compiled
from statsforecast.ets import ets_f, forecast_ets
from statsforecast.models import TSB, CrostonSBA, DynamicOptimizedTheta

warnings.filterwarnings("ignore")
WORKERS, AHEAD = 2, 12
folder, task = sys.argv[1], sys.argv[2]
with open(f"{folder}/problems.json") as file:
    problems = [{**problem, "values": np.array(problem["values"])} for problem in json.load(file)]


def ets(at):
    problem, before = problems[at], time.process_time()
    model = ets_f(problem["values"], m=problem["season"])
    forecast_ets(model, h=AHEAD)
    form = model["components"]
    trend = form[1] + ("d" if form[3] == "D" else "")
    alpha, beta, gamma = model["par"][:3]
    return {
        "form": f"ETS({form[0]},{trend},{form[2]})",
        "log_likelihood": model["loglik"],
        "aicc": model["aicc"],
        # Those that the form does not have are not numbers.
        "beyond": bool(beta > alpha or gamma > 1 - alpha),
        "seconds": time.process_time() - before,
    }


def others(at):
    problem = problems[at]
    y = problem["values"]
    model = DynamicOptimizedTheta(season_length=problem["season"]).fit(y)
    found = model.model_
    told = {
        "theta": model.predict(AHEAD)["mean"].tolist(),
        "theta_error": found["mse"],
        "theta_error_of_ours": None,
        "croston": float(CrostonSBA().forecast(y=y, h=1)["mean"][0]),
        "tsb": float(TSB(0.1, 0.1).forecast(y=y, h=1)["mean"][0]),
    }
    if problem["theta"] is not None and "decompose" not in found:
        told["theta_error_of_ours"] = compiled.pegels_resid(y, compiled.ModelType.DOTM, *problem["theta"], 3)[3]
    return told


def warmed(barrier):
    for season in {problem["season"] for problem in problems}:
        ets(next(at for at, problem in enumerate(problems) if problem["season"] == season))
    barrier.wait()


context = multiprocessing.get_context("fork")
barrier = context.Barrier(WORKERS + 1)
with context.Pool(WORKERS, warmed, (barrier,)) as pool:
    barrier.wait()
    answers = pool.map(ets, range(len(problems)), chunksize=max(1, len(problems) // (16 * WORKERS)))
    seconds = sum(answer["seconds"] for answer in answers)
    if task == "all":
        answers = [one | other for one, other in zip(answers, pool.map(others, range(len(problems))))]
with open(f"{folder}/answers.json", "w") as file:
    json.dump(answers, file)
print(
    json.dumps(
        {
            "name": "statsforecast",
            "version": version("statsforecast"),
            "value": 1e3 * seconds / len(problems),
            "seconds": seconds,
        }
    )
)
