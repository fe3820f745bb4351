//! A writer killed with `kill -9` at any moment leaves all tables as before its commit or as after it.

use crate::shop::{child, child_folder, kill_after, lake_in, now, number};
use crate::transactions::write_both;
use std::io::Write;
use std::time::Duration;

const NAME: &str =
    "killed_transactions::tables_agree_after_kill_9_and_no_acknowledged_commit_is_lost";
const ROUNDS: u32 = 8;
const ROWS: usize = 10;

#[test]
fn tables_agree_after_kill_9_and_no_acknowledged_commit_is_lost() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    if let Some(folder) = child_folder() {
        runtime.block_on(async {
            let lake = lake_in(&folder).await;
            for n in 0.. {
                let mut transaction = lake.begin().await.unwrap();
                write_both(
                    &mut transaction,
                    &format!("p{}n{n}", std::process::id()),
                    ROWS,
                )
                .await;
                transaction.commit(now()).await.unwrap();
                std::io::stdout().write_all(b"\ncommitted\n").unwrap();
            }
        });
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let pause = Duration::from_millis(u64::from(round * 31 % 8) * 60);
        let lines = kill_after(child(NAME, folder.path()), Some("committed"), pause);
        acknowledged += lines.iter().filter(|line| *line == "committed").count();
        let (decisions, events) = runtime.block_on(async {
            let lake = lake_in(folder.path()).await;
            (
                number(&lake, "SELECT count(*) FROM decisions").await,
                number(&lake, "SELECT count(*) FROM events").await,
            )
        });
        assert_eq!(decisions, events, "round {round}");
        let visible = usize::try_from(decisions).unwrap();
        assert_eq!(visible % ROWS, 0, "round {round}");
        // At most the commit that was published when the kill came, in each round so far, was not acknowledged.
        let commits = visible / ROWS;
        assert!(
            (acknowledged..=acknowledged + 1 + round as usize).contains(&commits),
            "round {round}"
        );
    }
    println!("{ROUNDS} kills, {acknowledged} commits acknowledged");
    assert!(acknowledged >= ROUNDS as usize);
}
