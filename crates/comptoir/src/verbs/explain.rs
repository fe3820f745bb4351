//! `comptoir explain`

use crate::context::Context;
use crate::print::{self, Table};
use crate::verbs::run::one;
use ::products::Asked;
use anyhow::{Context as _, bail};
use schema::{CustomerId, ProductId};

/// Explain what a data product decides for a customer or a product, and why not something else
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir explain for-you --for customer=17850                   why the best product is the best
  comptoir explain for-you --for customer=17850 --about 85123A    why this product, or why not
  comptoir explain for-you --for product=85123A --placement complementary
  comptoir explain value --for customer=17850                     what a customer is worth, and why
  comptoir explain turnover --for product=all --placement 262     what moves the forecast of a site
  comptoir explain demand --for group=category=jam                what the forecast of a category is made of

Placements of a product: comptoir products NAME.")]
pub(crate) struct Explain {
    /// The data product
    product: String,
    /// Whom or what the answer is about: customer=ID, product=ID, or what forecasts add up to: group=all,
    /// group=category=NAME, group=product=ID, group=region=NAME, group=site=ID, and of a category at one site or in one region
    /// "group=category=NAME&site=ID", "group=category=NAME&region=NAME"
    #[arg(long = "for", value_name = "SUBJECT")]
    subject: String,
    /// Placement, where the product has several; where absent `similar` for a product alone, else the first one
    #[arg(long, value_name = "NAME")]
    placement: Option<String>,
    /// The action to explain; the best one where absent
    #[arg(long, value_name = "ID")]
    about: Option<String>,
}

/// A question about `customer=ID`, `product=ID` or `group=…`.
pub(crate) fn asked(subject: &str, placement: Option<String>) -> anyhow::Result<Asked> {
    let asked = Asked {
        placement,
        ..Asked::default()
    };
    match subject.split_once('=') {
        Some(("customer", id)) => Ok(Asked {
            customer_id: Some(CustomerId::new(id)?),
            ..asked
        }),
        Some(("product", id)) => Ok(Asked {
            product_id: Some(ProductId::new(id)?),
            ..asked
        }),
        Some(("group", group)) => Ok(Asked {
            placement: Some(group.to_owned()),
            ..asked
        }),
        _ => bail!("--for is {subject:?}, expected customer=ID, product=ID or group=…"),
    }
}

impl Explain {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let product = one(&workshop.project, &self.product)?;
        let loading = context.slow("load the champion and the shop");
        let Some((version, fitted)) = workshop.champion(product.as_ref()).await? else {
            bail!(
                "{} has no champion yet; train it with `comptoir run {}`",
                self.product,
                self.product
            );
        };
        let serving = fitted.attach(workshop.shop().await?);
        let now = Context::now();
        let mut asked = asked(&self.subject, self.placement)?;
        asked.standing = workshop
            .standing(product.as_ref(), (version, serving.week()), &asked, now)
            .await?;
        let holdout = workshop.project.file.holdout.is_held_out(&asked);
        let explained = serving
            .explain(&asked, self.about.as_deref(), now)
            .context("explain the answer")?;
        drop(loading);
        if context.json() {
            return print::json(&serde_json::json!({
                "product": self.product, "version": version, "asked": asked, "holdout": holdout, "explanation": explained,
            }));
        }
        print::line(format!(
            "{} version {version}, {}: {}",
            self.product, self.subject, explained.summary
        ))?;
        if holdout {
            print::line(format!("note: {}", factory::HELD_OUT))?;
        }
        let mut table = Table::new(["contribution", "what"]);
        for l in &explained.lines {
            table.row([format!("{:+.6}", l.contribution), l.what.clone()]);
        }
        table.row([
            format!("{:.6}", explained.score),
            format!("= score of {} ({})", explained.about, explained.unit),
        ]);
        table.print()?;
        if let Some(why_not) = &explained.why_not {
            print::line(format!("not in the answer: {why_not}"))?;
        }
        for rule in &explained.rules {
            print::line(format!("rule: {rule}"))?;
        }
        for flip in &explained.flips {
            print::line(format!("otherwise: {}", flip.text))?;
        }
        Ok(())
    }
}
