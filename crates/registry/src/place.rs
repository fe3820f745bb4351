//! Where a registry lies: `sqlite:PATH` or `postgres://…`.

use sqlx::postgres::PgConnectOptions;
use std::path::PathBuf;

/// A URL that names no registry.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// Neither of the two schemes.
    #[error(
        "read the registry's URL: found scheme `{found}`, allowed are sqlite:PATH and postgres://USER@HOST/DATABASE"
    )]
    Scheme {
        /// What stands before the colon; the rest may hold a password and is not shown.
        found: String,
    },
    /// `sqlite:` with nothing after it.
    #[error("read the registry's URL: sqlite: is followed by no path, write sqlite:PATH")]
    NoPath,
    /// `sqlite::memory:`.
    #[error(
        "read the registry's URL: a registry in memory would forget its versions, write sqlite:PATH"
    )]
    InMemory,
    /// A `postgres://` URL that the driver cannot read.
    #[error("read the registry's URL: it is no postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Postgres {
        /// What the driver found wrong.
        #[source]
        source: sqlx::Error,
    },
}

/// Where a registry lies, read from its URL.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// A file; all that follows `sqlite:` or `sqlite://` is its path, as it stands.
    Sqlite(PathBuf),
    /// A database of a server.
    Postgres(Box<PgConnectOptions>),
}

impl Place {
    /// Reads the URL.
    pub(crate) fn of(url: &str) -> Result<Self, UrlError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(UrlError::NoPath),
                ":memory:" => Err(UrlError::InMemory),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = url
                .parse()
                .map_err(|source| UrlError::Postgres { source })?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        let found = url.split_once(':').map_or("", |(scheme, _)| scheme);
        Err(UrlError::Scheme {
            found: found.chars().take(20).collect(),
        })
    }

    /// The registry's name in errors and logs: never with a password.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(options) => format!(
                "postgres://{}@{}:{}/{}",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                options
                    .get_database()
                    .unwrap_or_else(|| options.get_username())
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_sqlite_path_are_read() {
        for (url, path) in [
            ("sqlite:a/b.db", "a/b.db"),
            ("sqlite:///a/b.db", "/a/b.db"),
            ("sqlite://b.db", "b.db"),
        ] {
            assert_eq!(Place::of(url).unwrap().name(), path);
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let place = Place::of("postgres://anna:s3cret@db.shop:5433/registry").unwrap();
        assert_eq!(place.name(), "postgres://anna@db.shop:5433/registry");
        let refused = Place::of("mysql://anna:s3cret@db.shop/registry").unwrap_err();
        assert!(refused.to_string().contains("found scheme `mysql`"));
        assert!(!refused.to_string().contains("s3cret"));
    }

    #[test]
    fn a_registry_without_a_lasting_place_is_refused() {
        assert!(matches!(
            Place::of("sqlite::memory:"),
            Err(UrlError::InMemory)
        ));
        assert!(matches!(Place::of("sqlite:"), Err(UrlError::NoPath)));
        assert!(matches!(
            Place::of("registry.db"),
            Err(UrlError::Scheme { .. })
        ));
    }
}
