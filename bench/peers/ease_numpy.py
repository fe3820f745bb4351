"""EASE weights of MovieLens-1M with numpy: ease_numpy.py EVERY L2 OUTPUT (raw float32, items x items)."""
import json
import os
import sys
import time

import numpy as np
import pyarrow.parquet as pq

every, l2, output = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
path = os.path.join(os.environ["COMPTOIR_DATA"], "movielens_1m/sequences_chronological.parquet")
table = pq.read_table(path, columns=["user_id", "item_id", "split"])
user, item, split = (table[name].to_numpy() for name in ("user_id", "item_id", "split"))
items, item = np.unique(item, return_inverse=True)
known = (split < 2) & (user % every == 0)
users, user = np.unique(user[known], return_inverse=True)
rows = np.zeros((len(users), len(items)), np.float32)
rows[user, item[known]] = 1

started = time.perf_counter()
# Counts below 2**24 are exact in float32, where the product is twice as fast.
normal = (rows.T @ rows).astype(np.float64)
normal[np.diag_indices_from(normal)] += l2
inverse = np.linalg.inv(normal)
weights = inverse / -np.diag(inverse)
np.fill_diagonal(weights, 0)
seconds = time.perf_counter() - started

weights.astype("<f4").tofile(output)
print(json.dumps({"name": "numpy", "version": np.__version__, "value": seconds, "seconds": seconds}))
