//! What was worked out and is kept, so that it is worked out once.

use crate::open::Registry;
use crate::rows::values;
use crate::store::StoreError;

impl Registry {
    /// Keeps a text under a name, in the place of what was kept there.
    ///
    /// - `of`: what it was worked out of. It is given back only for the same.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn keep(&self, name: &str, of: &str, text: &str) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "INSERT INTO kept (name, made_of, content) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE \
                   SET made_of = excluded.made_of, content = excluded.content";
        writing.execute(sql, values![name, of, text]).await?;
        writing.commit().await
    }

    /// What is kept under a name, where it was worked out of the same.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn kept(&self, name: &str, of: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT content FROM kept WHERE name = $1 AND made_of = $2";
        let row = self.store.row(sql, values![name, of]).await?;
        row.map(|row| row.get("content")).transpose()
    }
}
