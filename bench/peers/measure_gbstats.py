"""Read-outs of gbstats from sums: measure_gbstats.py INPUT OUTPUT TUNED_UNITS.

Needs: gbstats 0.8.0, numpy, scipy, pydantic. INPUT holds raw little-endian float64, per experiment and arm (control
first): units, Σy, Σx, Σy², Σx², Σxy. OUTPUT gets, per experiment, 8 figures of means, CUPED and ratios, each absolute and
relative, and the p-value of the sample ratio, in the order of bench/src/cases/measure.rs. Prints one line of JSON.
"""

import importlib.metadata
import json
import sys
import time

import numpy as np
from gbstats.frequentist.tests import (
    FrequentistConfig,
    SequentialConfig,
    SequentialTwoSidedTTest,
    TwoSidedTTest,
)
from gbstats.models.statistics import RatioStatistic, RegressionAdjustedStatistic, SampleMeanStatistic
from gbstats.utils import check_srm

tuned = float(sys.argv[3])


def metric(n, y, yy):
    return SampleMeanStatistic(n=n, sum=y, sum_squares=yy)


def statistics(arm):
    n, y, x, yy, xx, xy = int(arm[0]), *(float(value) for value in arm[1:])
    outcome, covariate = metric(n, y, yy), metric(n, x, xx)
    return (
        outcome,
        RegressionAdjustedStatistic(
            n=n, post_statistic=outcome, pre_statistic=covariate, post_pre_sum_of_products=xy, theta=0
        ),
        RatioStatistic(n=n, m_statistic=outcome, d_statistic=covariate, m_d_sum_of_products=xy),
    )


figures = []
started = time.perf_counter()
for control, treated in np.fromfile(sys.argv[1], "<f8").reshape(-1, 2, 6):
    for kind in range(3):
        for difference in ("absolute", "relative"):
            # Statistics are changed by the test: fresh ones for each.
            once = TwoSidedTTest(
                statistics(control)[kind],
                statistics(treated)[kind],
                FrequentistConfig(difference_type=difference),
            ).compute_result()
            always = SequentialTwoSidedTTest(
                statistics(control)[kind],
                statistics(treated)[kind],
                SequentialConfig(difference_type=difference, sequential_tuning_parameter=tuned),
            ).compute_result()
            figures += [once.expected, once.uplift.stddev, *once.ci, once.p_value, *always.ci, always.p_value]
    figures.append(check_srm([int(control[0]), int(treated[0])], [0.5, 0.5]))
seconds = time.perf_counter() - started
np.array(figures, "<f8").tofile(sys.argv[2])
version = importlib.metadata.version("gbstats")
print(json.dumps({"name": "gbstats", "version": version, "value": 0.0, "seconds": seconds}))
