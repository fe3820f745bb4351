"""Forecasts demand with LightGBM, direct: demand_lightgbm.py rossmann|walmart.

Needs: lightgbm 4.7, pandas, pyarrow (or fastparquet), numpy; COMPTOIR_DATA.
One model for all periods held out, from values at least as old as the horizon: lags, means of the same weekday and
promotion, calendar, promotion, holiday, series. Learns from all periods before, trees chosen on the last horizon before
the cut. Rossmann on logarithms, Walmart on sales as they are. Prints the weighted absolute error, and the root mean
squared percentage error as the note.
"""

import json
import os
import sys
import time

import lightgbm
import numpy as np
import pandas as pd

data = os.environ["COMPTOIR_DATA"]


def rossmann():
    sales = pd.read_parquet(f"{data}/rossmann/train_open_days.parquet")
    stores = pd.read_parquet(f"{data}/rossmann/store.parquet")
    horizon = 42
    sales = sales.merge(stores[["Store", "StoreType", "Assortment", "CompetitionDistance"]], on="Store")
    sales["y"], sales["series"] = sales["Sales"].astype(float), sales["Store"]
    sales["alike"] = sales["DayOfWeek"].astype(str) + "/" + sales["Promo"].astype(str)
    for column in ["StateHoliday", "StoreType", "Assortment"]:
        sales[column] = sales[column].astype("category").cat.codes
    known = ["DayOfWeek", "Promo", "StateHoliday", "SchoolHoliday", "StoreType", "Assortment", "CompetitionDistance"]
    return sales, horizon, pd.Timedelta(days=1), [14, 28, 91, 364], known, True


def walmart():
    sales = pd.read_parquet(f"{data}/walmart_store_sales/train.parquet")
    stores = pd.read_parquet(f"{data}/walmart_store_sales/stores.parquet")
    sales = sales.merge(stores, on="Store")
    sales["y"] = sales["Weekly_Sales"].astype(float)
    sales["series"] = sales["Store"] * 100 + sales["Dept"]
    sales["alike"] = "all"
    sales["Type"] = sales["Type"].astype("category").cat.codes
    sales["IsHoliday"] = sales["IsHoliday"].astype(int)
    return sales, 8, pd.Timedelta(days=7), [4, 13, 26, 52], ["Store", "Dept", "Type", "Size", "IsHoliday"], False


sales, horizon, step, windows, known, logarithm = {"rossmann": rossmann, "walmart": walmart}[sys.argv[1]]()
started = time.perf_counter()
sales["Date"] = pd.to_datetime(sales["Date"])
sales = sales.sort_values(["series", "Date"]).reset_index(drop=True)
first = sales["Date"].min()
wide = sales.pivot(index="series", columns="Date", values="y")
wide = wide.reindex(columns=pd.date_range(first, sales["Date"].max(), freq=step))
old = wide.shift(horizon, axis=1)
features = {}
for n in windows:
    features[f"mean_{n}"] = old.T.rolling(n, min_periods=1).mean().T
year = 364 // step.days
for lag in [horizon, horizon + 1, year - 1, year, year + 1]:
    features[f"lag_{lag}"] = wide.shift(lag, axis=1)
for name, table in features.items():
    long = table.stack().rename(name).reset_index()
    long.columns = ["series", "Date", name]
    sales = sales.merge(long, on=["series", "Date"], how="left")
# The mean of the last eight alike that are known at the cut, or were a horizon before.
alike = sales.groupby(["series", "alike"])["y"]
per_horizon = {"rossmann": 3, "walmart": horizon}[sys.argv[1]]
sales["alike_8"] = alike.transform(lambda y: y.shift(per_horizon).rolling(8, min_periods=1).mean())
sales["day"], sales["month"] = sales["Date"].dt.day, sales["Date"].dt.month
sales["week"] = sales["Date"].dt.isocalendar().week.astype(int)
sales["year"] = sales["Date"].dt.year
cut = sales["Date"].max() - (horizon - 1) * step
# What lies behind the cut must not be seen: what is alike is frozen at the cut.
late = sales["Date"] >= cut
frozen = sales[~late].groupby(["series", "alike"])["y"].apply(lambda y: y.tail(8).mean()).rename("frozen").reset_index()
sales = sales.merge(frozen, on=["series", "alike"], how="left")
sales.loc[late, "alike_8"] = sales.loc[late, "frozen"]
columns = known + list(features) + ["alike_8", "day", "month", "week", "year", "series"]
target = np.log1p(sales["y"]) if logarithm else sales["y"]
check = sales["Date"] >= cut - horizon * step
settings = dict(objective="regression", num_leaves=127, learning_rate=0.05, min_data_in_leaf=50, feature_fraction=0.7, verbose=-1, num_threads=2, seed=1)
x = sales[columns]
learn = lightgbm.Dataset(x[~check], target[~check])
held = lightgbm.Dataset(x[check & ~late], target[check & ~late], reference=learn)
found = lightgbm.train(settings, learn, 2000, valid_sets=[held], callbacks=[lightgbm.early_stopping(100, verbose=False)])
model = lightgbm.train(settings, lightgbm.Dataset(x[~late], target[~late]), found.best_iteration)
said = model.predict(x[late])
said = np.expm1(said) if logarithm else said
sold = sales.loc[late, "y"].to_numpy()
error = float(np.abs(sold - said).sum() / np.abs(sold).sum())
some = sold > 0
squared = float(np.sqrt(np.mean(((sold[some] - said[some]) / sold[some]) ** 2)))
seconds = time.perf_counter() - started
note = f"root mean squared percentage error {squared:.4f}, {late.sum()} periods, {found.best_iteration} trees"
print(json.dumps({"name": "LightGBM direct", "version": lightgbm.__version__, "value": error, "seconds": seconds, "note": note}))
