//! Opening what is new, newer, foreign, locked, or not there.

use crate::backend::{Backend, with_versions};
use registry::{OpenError, Registry, StoreError};
use sqlx::Connection as _;
use std::error::Error as _;
use std::time::Duration;

pub(crate) async fn many_may_open_a_new_registry_at_once(backend: &Backend) {
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let url = backend.url.clone();
            tokio::spawn(async move { Registry::open(&url).await })
        })
        .collect();
    for task in tasks {
        let registry = task.await.unwrap().unwrap();
        assert_eq!(registry.alias_stamp().await.unwrap(), 0);
    }
    with_versions(&backend.open().await, 1).await;
}

pub(crate) async fn tables_of_a_newer_program_are_refused_untouched(backend: &Backend) {
    backend.open().await.close().await;
    backend
        .behind_its_back("INSERT INTO comptoir_schema_version (version) VALUES (99)")
        .await;
    let newer = Registry::open(&backend.url).await.unwrap_err();
    assert!(
        matches!(
            newer,
            OpenError::Newer {
                found: 99,
                allowed: 10,
                ..
            }
        ),
        "{newer}"
    );
    assert!(
        newer
            .to_string()
            .contains("version 99, this program reads up to 10"),
        "{newer}"
    );
    backend
        .behind_its_back("DELETE FROM comptoir_schema_version WHERE version = 99")
        .await;
    backend.open().await;
}

pub(crate) async fn another_applications_database_is_refused_untouched(backend: &Backend) {
    backend
        .behind_its_back("CREATE TABLE runs (marathon TEXT); CREATE TABLE shoes (size BIGINT)")
        .await;
    let foreign = Registry::open(&backend.url).await.unwrap_err();
    assert!(
        matches!(&foreign, OpenError::Foreign { tables: 2, first, .. } if first == "runs"),
        "{foreign}"
    );
    // Had it created anything, these names would be taken.
    backend
        .behind_its_back(
            "CREATE TABLE comptoir_schema_version (version BIGINT); CREATE TABLE versions (n BIGINT)",
        )
        .await;
}

#[tokio::test]
async fn a_postgres_schema_of_its_own_lies_beside_another_application() {
    let Some(backend) = Backend::postgres().await else {
        return;
    };
    backend
        .behind_its_back("CREATE TABLE runs (marathon TEXT); CREATE SCHEMA comptoir")
        .await;
    let url = format!("{}?options=-csearch_path%3Dcomptoir", backend.url);
    let registry = Registry::open(&url).await.unwrap();
    with_versions(&registry, 1).await;
    backend
        .behind_its_back("SELECT id FROM comptoir.runs; SELECT marathon FROM public.runs")
        .await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_untouched() {
    let backend = Backend::sqlite();
    let path = backend.url.strip_prefix("sqlite:").unwrap();
    let text = "customer,amount\n".repeat(500);
    fs_err::write(path, &text).unwrap();
    let refused = Registry::open(&backend.url).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::Store(StoreError::Damaged { .. })),
        "{refused:?}"
    );
    assert!(
        refused
            .to_string()
            .contains("is damaged or is not a SQLite database"),
        "{refused}"
    );
    assert_eq!(fs_err::read_to_string(path).unwrap(), text);
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("no/registry.db").display());
    let refused = Registry::open(&url).await.unwrap_err();
    assert!(
        matches!(&refused, OpenError::NoFolder { folder, .. } if folder.ends_with("no")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_file_locked_wholly_by_another_process_is_an_error_in_time() {
    let backend = Backend::sqlite();
    backend.open().await.close().await;
    let path = backend.url.strip_prefix("sqlite:").unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut other = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    let sql = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";
    sqlx::raw_sql(sql).execute(&mut other).await.unwrap();
    let wait = Duration::from_millis(200);
    let refused = Registry::open_waiting(&backend.url, wait)
        .await
        .unwrap_err();
    assert!(
        matches!(
            refused,
            OpenError::Store(StoreError::Locked { waited_ms: 200, .. })
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    // Port 1 belongs to tcpmux, which nobody runs.
    let url = "postgres://anna:s3cret@127.0.0.1:1/registry";
    let refused = Registry::open(url).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::Store(StoreError::Unreachable { .. })),
        "{refused:?}"
    );
    assert_eq!(
        refused.to_string(),
        "reach the registry: no connection to postgres://anna@127.0.0.1:1/registry"
    );
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named_by_the_server() {
    let Some(backend) = Backend::postgres().await else {
        return;
    };
    let url = format!("{}_missing", backend.url);
    let refused = Registry::open(&url).await.unwrap_err();
    let source = refused
        .source()
        .map(ToString::to_string)
        .unwrap_or_default();
    assert!(source.contains("does not exist"), "{refused}: {source}");
}
