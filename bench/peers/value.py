"""Customer value by `lifetimes` on the splits of bench/src/cases/value.rs.

Needs: lifetimes 0.11.3, scipy, pandas, pyarrow. Usage: value.py bgnbd|pareto_nbd|gamma_gamma|holdout|uci
Prints one line of JSON with the value in the unit of the case.
"""

import json
import os
import sys
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")

import lifetimes  # noqa: E402
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter  # noqa: E402
from scipy.special import betaln, gammaln, hyp2f1  # noqa: E402

DATA = os.environ["COMPTOIR_DATA"]


def cdnow():
    rows = []
    with open(os.path.join(DATA, "cdnow", "CDNOW_sample.txt")) as lines:
        for line in lines:
            _, customer, day, _, dollars = line.split()
            rows.append((int(customer), pd.Timestamp(day), float(dollars)))
    frame = pd.DataFrame(rows, columns=["customer", "day", "value"])
    return frame.groupby(["customer", "day"], as_index=False)["value"].sum()


def uci():
    path = os.path.join(DATA, "uci_online_retail", "online_retail_2y.parquet")
    frame = pd.read_parquet(path)
    frame = frame[frame.CustomerID.notna() & (frame.Quantity > 0) & (frame.UnitPrice > 0)]
    frame = frame[~frame.InvoiceNo.astype(str).str.startswith("C")]
    frame = frame.assign(customer=frame.CustomerID, day=frame.InvoiceDate.dt.normalize())
    frame["value"] = frame.Quantity * frame.UnitPrice
    return frame.groupby(["customer", "day"], as_index=False)["value"].sum()


def summarise(frame, end, days_per_unit):
    past = frame[frame.day <= end].sort_values(["customer", "day"])
    grouped = past.groupby("customer").day
    first, last = grouped.min(), grouped.max()
    repeats = past[past.day != past.customer.map(first)]
    summary = pd.DataFrame(
        {
            "frequency": grouped.count() - 1,
            "recency": (last - first).dt.days / days_per_unit,
            "T": (end - first).dt.days / days_per_unit,
        }
    )
    summary["monetary"] = repeats.groupby("customer").value.mean().reindex(summary.index).fillna(0)
    return summary


def actual(frame, end, customers):
    later = frame[frame.day > end].groupby("customer").size()
    return later.reindex(customers, fill_value=0).to_numpy()


def bgnbd_log_likelihood(params, summary):
    r, alpha, a, b = (params[name] for name in ("r", "alpha", "a", "b"))
    x, tx, age = (summary[name].to_numpy() for name in ("frequency", "recency", "T"))
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    left = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + tx), -np.inf)
    return float(np.sum(common + np.logaddexp(-(r + x) * np.log(alpha + age), left)))


def pareto_nbd_log_likelihood(params, summary):
    r, alpha, s, beta = (params[name] for name in ("r", "alpha", "s", "beta"))
    x, tx, age = (summary[name].to_numpy() for name in ("frequency", "recency", "T"))
    more, less, upper = (alpha, beta, s + 1) if alpha >= beta else (beta, alpha, r + x)
    power = r + s + x

    def branch(time):
        return hyp2f1(power, upper, power + 1, (more - less) / (more + time)) / (more + time) ** power

    integral = branch(tx) - branch(age)
    alive = (alpha + age) ** -(r + x) * (beta + age) ** -s
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return float(np.sum(common + np.log(alive + s / power * integral)))


def main(task):
    end = pd.Timestamp("2010-12-31" if task == "uci" else "1997-09-30")
    frame = uci() if task == "uci" else cdnow()
    summary = summarise(frame, end, 1.0 if task == "uci" else 7.0)
    if task in ("bgnbd", "pareto_nbd"):
        # The published figures were computed from weeks rounded to two decimals.
        summary = summary.round({"recency": 2, "T": 2})
    began = time.perf_counter()
    note = None
    if task == "gamma_gamma":
        repeaters = summary[summary.frequency > 0]
        model = GammaGammaFitter().fit(repeaters.frequency, repeaters.monetary)
        p, q, v = (model.params_[name] for name in ("p", "q", "v"))
        x, z = repeaters.frequency.to_numpy(), repeaters.monetary.to_numpy()
        value = float(
            np.sum(
                gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
                + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(x * z + v)
            )
        )
        note = f"p {p:.5f}, q {q:.5f}, v {v:.5f}"
    else:
        fitter = ParetoNBDFitter if task in ("pareto_nbd", "holdout") else BetaGeoFitter
        model = fitter().fit(summary.frequency, summary.recency, summary["T"])
        note = ", ".join(f"{name} {found:.6f}" for name, found in model.params_.items())
        if task in ("bgnbd", "pareto_nbd"):
            # Its own figure is of rescaled durations: the likelihood in weeks is computed at its parameters.
            log_likelihood = bgnbd_log_likelihood if task == "bgnbd" else pareto_nbd_log_likelihood
            value = log_likelihood(model.params_, summary)
        else:
            horizon = 343 if task == "uci" else 39
            predicted = model.conditional_expected_number_of_purchases_up_to_time(
                horizon, summary.frequency, summary.recency, summary["T"]
            )
            predicted = np.asarray(predicted)
            happened = actual(frame, end, summary.index)
            correlation = float(np.corrcoef(predicted, happened)[0, 1])
            mae = float(np.abs(predicted - happened).mean())
            value = correlation if task == "uci" else mae
            note += f"; {predicted.sum():.0f} predicted for {happened.sum()}, MAE {mae:.4f}, correlation {correlation:.4f}"
    seconds = time.perf_counter() - began
    print(json.dumps({"name": "lifetimes", "version": lifetimes.__version__, "value": value, "seconds": seconds, "note": note}))


main(sys.argv[1])
