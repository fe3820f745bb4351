"""Forecasts monthly sales of car parts with LightGBM's Tweedie trees, direct: car_parts_lightgbm.py.

Needs: lightgbm 4.7, pandas, pyarrow, numpy, scipy; COMPTOIR_DATA.
One model for months 46 to 51 from months 1 to 45: means, smoothed means, shares of nothing sold, the last values, months
since the last sale and months ahead, as seen from every month before. Around each forecast a negative binomial, with the
dispersion of its series shrunk to that of all. Number of trees, and the factor of the dispersions, are those of the least
loss on months 40 to 45; learnt again from everything. Prints the pinball loss at .5, .75, .9 and .95 over the mean
absolute monthly change, of series without a missing month.
"""

import json
import os
import time

import lightgbm
import numpy as np
import pandas as pd
from scipy.stats import nbinom

MONTHS, AHEAD, LEVELS = 51, 6, [0.5, 0.75, 0.9, 0.95]
table = pd.read_parquet(f"{os.environ['COMPTOIR_DATA']}/expsmooth/carparts_long.parquet")
units = table.pivot(index="series", columns="t", values="units").to_numpy(float)
units = units[~np.isnan(units).any(axis=1)]
started = time.perf_counter()
known = MONTHS - AHEAD


def seen(origin, ahead):
    """What is known of every series after `origin` months, of the month `ahead` of them."""
    past = units[:, :origin]
    since = np.where((past > 0).any(axis=1), (past[:, ::-1] > 0).argmax(axis=1), origin)
    means = [past[:, -length:].mean(axis=1) for length in [3, 6, 12, 24]]
    weights = [0.5 ** (np.arange(origin)[::-1] / half) for half in [2, 4, 8]]
    means += [past @ weight / weight.sum() for weight in weights]
    nothing = [(past[:, -length:] == 0).mean(axis=1) for length in [12, 24]]
    deviation = past[:, -12:].std(axis=1)
    last = [past[:, -lag] for lag in range(1, 4)]
    year_ago = past[:, ahead - 1 - 12] if origin >= 12 else np.full(len(units), np.nan)
    month = np.full(len(units), (origin + ahead - 1) % 12)
    return np.column_stack([*means, *nothing, deviation, *last, year_ago, since, month, np.full(len(units), ahead)])


def rows(until):
    """Months before `until` as they were seen from each month from the 13th on."""
    x, y = [], []
    for origin in range(12, until):
        for ahead in range(1, min(AHEAD, until - origin) + 1):
            x.append(seen(origin, ahead))
            y.append(units[:, origin + ahead - 1])
    return np.concatenate(x), np.concatenate(y)


def from_month(origin):
    """What is seen of the six months after `origin`, and what they sold: series × months."""
    return np.stack([seen(origin, ahead) for ahead in range(1, AHEAD + 1)], axis=1), units[:, origin : origin + AHEAD]


def loss(said, sold, dispersion, until):
    """Mean over series; those that never changed before are left out."""
    change = np.abs(np.diff(units[:, :until], axis=1)).mean(axis=1)
    some, total, held = change > 0, 0.0, []
    size = 1 / dispersion
    of = lambda level: nbinom.ppf(level, size, size / (size + np.maximum(said, 1e-9)))
    for level in LEVELS:
        quantile = of(level)
        total = total + np.where(sold >= quantile, level * (sold - quantile), (1 - level) * (quantile - sold))
    return float((total.mean(axis=1) / len(LEVELS) / np.where(some, change, 1))[some].mean())


def dispersions(until):
    """Of each series by moments of its last two years, nearer to that of all the less it sold: series × 1."""
    past = units[:, :until][:, -24:]
    mean, variance = past.mean(axis=1), past.var(axis=1, ddof=1)
    sold = mean > 0
    shared = max(0.0, (variance - mean)[sold].sum() / (mean**2)[sold].sum())
    own = np.where(sold, np.maximum(0.0, (variance - mean) / np.where(sold, mean**2, 1)), shared)
    weight = past.sum(axis=1) / (past.sum(axis=1) + 10)
    return np.maximum(weight * own + (1 - weight) * shared, 1e-3)[:, None]


settings = dict(objective="tweedie", tweedie_variance_power=1.2, num_leaves=31, learning_rate=0.05, min_data_in_leaf=100, feature_fraction=0.7, verbose=-1, num_threads=2, seed=1)
check = known - AHEAD
x, y = rows(check)
seen_then, sold_then = from_month(check)
learn = lightgbm.Dataset(x, y)
held = lightgbm.Dataset(seen_then.reshape(-1, x.shape[1]), sold_then.ravel(), reference=learn)
found = lightgbm.train(settings, learn, 1000, valid_sets=[held], callbacks=[lightgbm.early_stopping(50, verbose=False)])
predict = lambda model, seen: model.predict(seen.reshape(-1, seen.shape[2])).reshape(seen.shape[:2])
said_then = predict(found, seen_then)
times = min([0.5, 0.7, 1.0, 1.4, 2.0], key=lambda t: loss(said_then, sold_then, t * dispersions(check), check))
x, y = rows(known)
model = lightgbm.train(settings, lightgbm.Dataset(x, y), found.best_iteration)
seen_now, sold_now = from_month(known)
value = loss(predict(model, seen_now), sold_now, times * dispersions(known), known)
note = f"{times} times the dispersions, {found.best_iteration} trees"
print(json.dumps({"name": "LightGBM Tweedie", "version": lightgbm.__version__, "value": value, "seconds": time.perf_counter() - started, "note": note}))
