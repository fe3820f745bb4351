//! What somebody did to the database behind the registry's back.

use crate::backend::{Backend, new_run, register, scorecard};
use registry::{ReadArtefactError, StoreError};

pub(crate) async fn a_damaged_artefact_is_refused_with_both_hashes(backend: &Backend) {
    let registry = backend.open().await;
    register(
        &registry,
        "baskets",
        "r1",
        b"abc",
        &scorecard(0.5, 0.1, 0.4),
    )
    .await;
    registry.artefact("baskets", 1).await.unwrap();
    // One bit: `c` is 0x63.
    let flip = if backend.is_sqlite() {
        "UPDATE artefacts SET content = X'616262'"
    } else {
        r"UPDATE artefacts SET content = '\x616262'::bytea"
    };
    backend.behind_its_back(flip).await;
    let damaged = registry.artefact("baskets", 1).await.unwrap_err();
    assert_eq!(
        damaged.to_string(),
        "read version 1 of `baskets`: its artefact is damaged, found SHA-256 \
         715edf8ba8729420cd4d1ce85ed61954a9f531f8c548df728c407effe839296d of 3 bytes, expected \
         ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad; roll back, or train again"
    );
    let unknown = registry.artefact("baskets", 2).await;
    assert!(matches!(
        unknown,
        Err(ReadArtefactError::Unknown { version: 2, .. })
    ));
}

pub(crate) async fn a_value_nobody_wrote_is_named_with_its_column(backend: &Backend) {
    let registry = backend.open().await;
    registry.start_run(&new_run("baskets", "r1")).await.unwrap();
    backend.behind_its_back("UPDATE runs SET seed = '-3'").await;
    let unreadable = registry.runs("baskets", 1).await.unwrap_err();
    assert!(
        matches!(&unreadable, StoreError::Unreadable { column: "seed", found, .. } if found == "-3")
    );
}
