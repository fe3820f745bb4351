"""implicit's alternating least squares on MovieLens-1M: ials_implicit.py EVERY RANK EPOCHS."""
import json
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # what implicit asks for

import implicit
import numpy as np
import pyarrow.parquet as pq
import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares

every, rank, epochs = (int(argument) for argument in sys.argv[1:4])
ALPHA, L2 = 10.0, 0.01
path = os.path.join(os.environ["COMPTOIR_DATA"], "movielens_1m/sequences_chronological.parquet")
table = pq.read_table(path, columns=["user_id", "item_id", "split"])
user, item, split = (table[name].to_numpy() for name in ("user_id", "item_id", "split"))
items, item = np.unique(item, return_inverse=True)
known = (split < 2) & (user % every == 0)
users, user = np.unique(user[known], return_inverse=True)
cells = sp.csr_matrix((np.ones(known.sum(), np.float32), (user, item[known])), (len(users), len(items)))


def fitted(use_cg):
    model = AlternatingLeastSquares(
        factors=rank, regularization=L2, alpha=ALPHA, iterations=epochs, use_cg=use_cg, num_threads=0, random_state=1
    )
    started = time.perf_counter()
    model.fit(cells, show_progress=False)
    seconds = time.perf_counter() - started
    left, right = model.user_factors.astype(np.float64), model.item_factors.astype(np.float64)
    coo = cells.tocoo()
    predicted = np.einsum("ij,ij->i", left[coo.row], right[coo.col])
    loss = (ALPHA * (1 - predicted) ** 2 - predicted**2).sum()
    loss += np.sum((left.T @ left) * (right.T @ right)) + L2 * ((left**2).sum() + (right**2).sum())
    return loss, seconds


exact_loss, exact_seconds = fitted(False)
loss, seconds = fitted(True)
print(
    json.dumps(
        {
            "name": "implicit",
            "version": implicit.__version__,
            "value": loss,
            "seconds": seconds,
            "note": f"conjugate gradient, its default; exact solves: loss {exact_loss:.1f} in {exact_seconds:.2f} s",
        }
    )
)
