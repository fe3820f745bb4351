//! An import killed at any moment leaves the lake as before or as after, never between.

use crate::import_shop::{HEADER, SALES, Shop, now};
use factory::import::{ImportOptions, import};
use lake::{Lake, LakeOptions};
use schema::progress::Silent;
use sources::read_sources;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Names the folder to import in the process that is to be killed.
const FOLDER: &str = "COMPTOIR_TEST_IMPORT_TO_KILL";

const ROWS: i64 = 30_000;

/// The process that is to be killed: imports the folder that it is given; without one it has nothing to do.
#[tokio::test]
async fn the_process_to_kill_imports_its_folder() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let location = folder.join("lake");
    let lake = Lake::open(location.to_str().unwrap(), &LakeOptions::default())
        .await
        .unwrap();
    let sources = read_sources(&folder.join("sources")).unwrap();
    let outcome = import(&lake, &folder, &sources, &ImportOptions::at(now()), &Silent)
        .await
        .unwrap();
    assert!(outcome.gate_open);
}

#[tokio::test]
async fn a_killed_import_leaves_the_lake_as_before_or_as_after() {
    for milliseconds in [60, 250, 600, 1_200, 2_000] {
        let shop = Shop::new().await;
        shop.write("sources/sales.toml", SALES);
        let mut content = HEADER.to_owned();
        for row in 0..ROWS {
            content.push_str(&format!(
                "o{row},2024-03-01,c{},p{},1,2.50\n",
                row % 97,
                row % 13
            ));
        }
        shop.write("raw/sales.csv", content);
        let mut importing = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "import_killed::the_process_to_kill_imports_its_folder",
            ])
            .env(FOLDER, shop.path(""))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        importing.kill().unwrap();
        importing.wait().unwrap();
        let (sales, ledger) = (shop.count("sales").await, shop.count("imports").await);
        assert!(
            [(0, 0), (ROWS, 1)].contains(&(sales, ledger)),
            "{sales} rows, {ledger} in the ledger"
        );
        let again = shop.import().await.unwrap();
        assert!(again.gate_open);
        assert_eq!(
            (shop.count("sales").await, shop.count("imports").await),
            (ROWS, 1),
            "{milliseconds} ms"
        );
    }
}
