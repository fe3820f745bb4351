//! A project with its lake and registry open: what every verb of the command line and the server work on.

use crate::import::{self, Forgotten, ImportError, ImportOptions, ImportOutcome, RefusedSource};
use crate::project::Project;
use features::{Clock, History, Logs, Until};
use lake::{Lake, LakeError, LakeOptions, Snapshot};
use products::{Artefact, Fitted, LoadError, Product, Promotes, Recent, Shop};
use registry::Registry;
use schema::AsOf;
use schema::progress::{Progress, Silent};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A project with its lake and registry open.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// The project.
    pub project: Arc<Project>,
    /// Its lake.
    pub lake: Lake,
    /// Its registry.
    pub registry: Registry,
}

/// Why a project cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The lake.
    #[error("open the lake")]
    Lake(#[from] LakeError),
    /// The registry.
    #[error("open the registry")]
    Registry(#[from] registry::OpenError),
    /// A variable that the project file asks for.
    #[error("read `registry` of comptoir.toml: environment variable {name} is not set")]
    Variable {
        /// The variable.
        name: String,
    },
}

/// The alias of the version that answers.
pub const CHAMPION: &str = "champion";

impl Workshop {
    /// Opens lake and registry of a project.
    ///
    /// # Errors
    /// [`OpenError`] says which of the two, and why.
    pub async fn open(project: Project, options: &LakeOptions) -> Result<Self, OpenError> {
        let location = match &project.file.lake {
            url if url.contains("://") => url.clone(),
            path => project.folder.join(path).display().to_string(),
        };
        let lake = Lake::open(&location, options).await?;
        let url = expand(&project.file.registry).map_err(|name| OpenError::Variable { name })?;
        let url = if url.contains("://") || url.starts_with("sqlite:") {
            url
        } else {
            format!("sqlite:{}", project.folder.join(url).display())
        };
        let registry = Registry::open(&url).await?;
        Ok(Self {
            project: Arc::new(project),
            lake,
            registry,
        })
    }

    /// Imports what is new or changed in the sources of the project.
    ///
    /// # Errors
    /// [`ImportError`] names the file and what is wrong with it; the lake is as before.
    pub async fn import(
        &self,
        options: &ImportOptions,
        progress: &dyn Progress,
    ) -> Result<ImportOutcome, ImportError> {
        let imported = import::import(
            &self.lake,
            &self.project.folder,
            &self.project.sources,
            options,
            progress,
        )
        .await;
        progress.end();
        imported
    }

    /// Takes every row of a source out of the lake.
    ///
    /// # Errors
    /// [`ImportError`] names the sources that have rows, or what the lake refused; the lake is as before.
    pub async fn forget(
        &self,
        source: &str,
        now: jiff::Timestamp,
    ) -> Result<Forgotten, ImportError> {
        import::forget(&self.lake, source, now).await
    }

    /// The sources that the gate refused and that have not passed it since, by name.
    ///
    /// # Errors
    /// [`LakeError`] when the lake cannot be read.
    pub async fn refused_imports(&self) -> Result<BTreeMap<String, RefusedSource>, LakeError> {
        import::refused(&self.lake).await
    }

    /// The clocks that the days of the shop are told by.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::new(self.project.time_zone.clone())
    }

    /// The day after the last sale in the lake, by the shop's clocks; `None` where there is no sale.
    ///
    /// # Errors
    /// [`LakeError`] when the lake cannot be read.
    pub async fn day_after_last_sale(
        &self,
        snapshot: &Snapshot,
    ) -> Result<Option<AsOf>, LakeError> {
        Ok(self.known_until(snapshot).await?.map(|known| known.of_shop))
    }

    /// Until when sales are known; `None` where there is none.
    pub(crate) async fn known_until(
        &self,
        snapshot: &Snapshot,
    ) -> Result<Option<KnownUntil>, LakeError> {
        use arrow::array::{Array, AsArray};
        let sql = format!(
            "SELECT {} AS of_shop, CAST(latest AS DATE) AS of_utc FROM (SELECT MAX(sold_at) AS latest FROM sales) AS found",
            self.clock().sql_day("latest")
        );
        let batches = self.lake.query_at(&sql, snapshot).await?;
        let known = batches.iter().find(|b| b.num_rows() > 0).and_then(|b| {
            let day = |column: usize| {
                let days = b.column(column);
                let days = days.as_primitive::<arrow::datatypes::Date32Type>();
                days.is_valid(0)
                    .then(|| AsOf(schema::time::date_of(days.value(0) + 1)))
            };
            let (of_shop, of_utc) = (day(0)?, day(1)?);
            Some(KnownUntil {
                of_shop,
                of_utc: of_utc.min(of_shop),
            })
        });
        Ok(known)
    }

    /// The shop as the lake knows it now, for answering.
    ///
    /// # Errors
    /// [`features::LoadError`] when there is no sale yet or the lake cannot be read.
    pub async fn shop(&self) -> Result<Arc<Shop>, features::LoadError> {
        self.shop_with(Arc::default()).await
    }

    /// The same with the purchases that events told of meanwhile; those in the lake join them.
    ///
    /// # Errors
    /// As [`Workshop::shop`].
    pub async fn shop_with(&self, recent: Arc<Recent>) -> Result<Arc<Shop>, features::LoadError> {
        let failed = |source| features::LoadError::Lake {
            table: "sales",
            source,
        };
        let snapshot = self.lake.snapshot().await.map_err(failed)?;
        let today = AsOf(jiff::civil::date(1970, 1, 1));
        let as_of = self
            .day_after_last_sale(&snapshot)
            .await
            .map_err(failed)?
            .unwrap_or(today);
        let logs = self.logs_read();
        let until = self.until(as_of);
        let history: History =
            features::load(&self.lake, &snapshot, &until, &logs, &Silent).await?;
        let history = self.with_plans(history, &snapshot).await?;
        features::purchases(&self.lake, &snapshot, &until, |purchase| {
            recent.add(purchase);
        })
        .await?;
        let shop = Shop::new(Arc::new(history), &self.project.rules, recent);
        Ok(Arc::new(shop.in_time_zone(self.project.time_zone.clone())))
    }

    /// Everything before a day, by the shop's clocks.
    pub(crate) fn until(&self, as_of: AsOf) -> Until {
        Until {
            as_of,
            clock: self.clock(),
        }
    }

    /// The same with what the kinds of the project's products read beside the sales of customers: what each product sold
    /// at each site with the plans, launches, stock and supply, and whom measured rules covered.
    pub(crate) async fn with_plans(
        &self,
        mut history: History,
        snapshot: &lake::Snapshot,
    ) -> Result<History, features::LoadError> {
        let until = self.until(history.as_of());
        if self.reads("promotions") {
            let demand = features::demand::demand(&self.lake, snapshot, &until).await?;
            history = history.with_demand(demand);
        }
        if self.reads("launches") {
            let launches = features::launches::launches(&self.lake, snapshot, &until).await?;
            history = history.with_launches(launches);
        }
        if self.reads("supply_terms") {
            let supply = features::supply::supply(&self.lake, snapshot, until.as_of).await?;
            history = history.with_supply(supply);
        }
        let rules: BTreeSet<_> = (self.project.products.iter())
            .filter_map(|product| product.reads_rule())
            .collect();
        for (product, rule) in rules {
            let rounds =
                features::ruled(&self.lake, snapshot, until.as_of, (product, rule)).await?;
            history = history.with_ruled(product, rule, rounds);
        }
        Ok(history)
    }

    /// Whether the kind of one of the project's products reads a table.
    fn reads(&self, table: &str) -> bool {
        self.project.products.iter().any(|product| {
            let kind = products::kind(&product.header().kind);
            kind.is_some_and(|kind| kind.card().reads.contains(&table))
        })
    }

    /// The data products from whose decisions some product of the project learns.
    pub(crate) fn logs_read(&self) -> Logs {
        let products = self.project.products.iter();
        let names = products.flat_map(|product| product.learns_from());
        names.map(str::to_owned).collect()
    }

    /// Whether there is something to do without being asked: jobs, or versions that are taken back or let answer by
    /// themselves.
    #[must_use]
    pub fn works_by_itself(&self) -> bool {
        let moves = |product: &Arc<dyn Product>| {
            let asks = &product.header().retraining;
            let asks_a_person = asks.promotes == Promotes::Person;
            asks.is_tried_first() || asks_a_person || asks.rolls_back()
        };
        !self.project.jobs.is_empty() || self.project.products.iter().any(moves)
    }

    /// The version that passed its gate and waits: for a person to let it answer, for its hours in the shadow to be over, or
    /// for both. `None` where there is none newer than the champion.
    ///
    /// # Errors
    /// [`registry::StoreError`] when the registry cannot be used.
    pub async fn waits(&self, product: &str) -> Result<Option<u32>, registry::StoreError> {
        let Some(challenger) = self.registry.alias(product, registry::CHALLENGER).await? else {
            return Ok(None);
        };
        let history = self.registry.alias_history(product, CHAMPION).await?;
        let champion = history.last().map(|last| last.to);
        let is_newer = champion.is_none_or(|champion| champion < challenger.version);
        // One that answered since and was taken back waits for nobody.
        let answered =
            |of: &registry::AliasChange| of.to == challenger.version && of.at >= challenger.since;
        Ok((is_newer && !history.iter().any(answered)).then_some(challenger.version))
    }

    /// The version of a product that answers, read back and proved by its golden vector; `None` where none was promoted.
    ///
    /// # Errors
    /// [`ChampionError`] when the registry cannot be read or the artefact is refused.
    pub async fn champion(
        &self,
        product: &dyn Product,
    ) -> Result<Option<(u32, Box<dyn Fitted>)>, ChampionError> {
        let name = &product.header().name;
        match self
            .registry
            .alias(name, CHAMPION)
            .await?
            .map(|a| a.version)
        {
            Some(version) => Ok(Some((version, self.version(product, version).await?))),
            None => Ok(None),
        }
    }

    /// One version of a product, read back and proved by its golden vector.
    ///
    /// # Errors
    /// [`ChampionError`] when there is no such version, the registry cannot be read or the artefact is refused.
    pub async fn version(
        &self,
        product: &dyn Product,
        version: u32,
    ) -> Result<Box<dyn Fitted>, ChampionError> {
        let name = &product.header().name;
        let stored = self.registry.artefact(name, version).await?;
        Ok(product.load(&Artefact::from_bytes(name, &stored.bytes)?)?)
    }
}

/// Until when sales are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownUntil {
    /// The day after the last sale, by the shop's clocks.
    pub(crate) of_shop: AsOf,
    /// The first day in UTC of which sales may be missing that the shop's clocks show as known.
    pub(crate) of_utc: AsOf,
}

/// Why the version that answers cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ChampionError {
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] registry::StoreError),
    /// Its stored bytes.
    #[error("read the version")]
    Stored(#[from] registry::ReadArtefactError),
    /// The artefact.
    #[error("load the version")]
    Artefact(#[from] LoadError),
}

/// Replaces `${VAR}` from the environment; the name of a variable that is not set there.
pub(crate) fn expand(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(end) = rest[start..].find('}') else {
            break;
        };
        let name = &rest[start + 2..start + end];
        let value = std::env::var(name).map_err(|_| name.to_owned())?;
        out.push_str(&rest[..start]);
        out.push_str(&value);
        rest = &rest[start + end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}
