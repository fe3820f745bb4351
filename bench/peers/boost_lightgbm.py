"""Boosts trees with LightGBM: boost_lightgbm.py VALUES TARGET ROWS COLUMNS ROUNDS.

Needs: lightgbm 4.7, numpy.
VALUES holds raw little-endian float32, row after row, TARGET float64; the first ROWS learn, the others judge. Prints the
seconds of binning and learning, and the root mean squared error as the note.
"""

import json
import sys
import time

import lightgbm
import numpy as np

learn, columns, rounds = (int(argument) for argument in sys.argv[3:6])
x = np.fromfile(sys.argv[1], "<f4").reshape(-1, columns)
y = np.fromfile(sys.argv[2], "<f8")
settings = dict(objective="regression", num_leaves=255, learning_rate=0.1, min_data_in_leaf=20, verbose=-1)
started = time.perf_counter()
model = lightgbm.train(settings, lightgbm.Dataset(x[:learn], y[:learn]), rounds)
seconds = time.perf_counter() - started
error = float(np.sqrt(np.mean((model.predict(x[learn:]) - y[learn:]) ** 2)))
version = lightgbm.__version__
print(json.dumps({"name": "LightGBM", "version": version, "value": seconds, "seconds": seconds, "note": f"{error:.2f}"}))
