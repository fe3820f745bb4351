//! The review as pages for any web server: HTML to read, Markdown to put into a wiki or a repository.

use super::{
    HEAD_OF_PARTS, HEAD_OF_PRODUCTS, compared, lately, lineage, of_challenger, of_inputs, parts,
    promise_row,
};
use factory::review::{Kept, Live, Review, Reviewed, State};
use server::charts::Locale;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Writes one page of all products and one of each, each as HTML and Markdown; the files written.
pub(super) fn write(
    folder: &Path,
    shop: &str,
    review: &Review,
    locale: Locale,
) -> anyhow::Result<Vec<PathBuf>> {
    fs_err::create_dir_all(folder)?;
    let mut written = Vec::new();
    let mut put = |name: String, text: String| -> anyhow::Result<()> {
        let file = folder.join(name);
        fs_err::write(&file, text)?;
        written.push(file);
        Ok(())
    };
    put(
        "index.html".to_owned(),
        server::review(shop, review, locale),
    )?;
    put("index.md".to_owned(), all(shop, review))?;
    for product in &review.products {
        let name = &product.header.name;
        let page = server::review_of(shop, review, product, locale);
        put(format!("{name}.html"), page)?;
        put(format!("{name}.md"), one(review, product))?;
    }
    Ok(written)
}

/// A cell: a bar would end it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn row(out: &mut String, cells: &[String]) {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn head(out: &mut String, cells: &[&str]) {
    row(
        out,
        &cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>(),
    );
    row(out, &vec!["---".to_owned(); cells.len()]);
}

fn made(review: &Review) -> String {
    format!("Made {}.", review.at.strftime("%Y-%m-%d %H:%M UTC"))
}

fn all(shop: &str, review: &Review) -> String {
    let mut out = format!("# Review of {shop}\n\n{}\n\n", made(review));
    let mut heads = HEAD_OF_PRODUCTS.to_vec();
    heads.push("why");
    head(&mut out, &heads);
    for product in &review.products {
        let name = &product.header.name;
        let why = product.standing.iter().filter(|k| k.state > State::Unknown);
        let why: Vec<String> = why.map(Kept::sentence).collect();
        let mut cells = super::row(product).to_vec();
        cells[0] = format!("[{name}]({name}.md)");
        cells.push(why.join("; "));
        row(&mut out, &cells);
    }
    for shifted in &review.inputs.shifted {
        let _ = writeln!(out, "\n{}; {}", shifted.sentence(), shifted.used_by());
    }
    out
}

fn one(review: &Review, product: &Reviewed) -> String {
    let header = &product.header;
    let mut out = format!("# {}\n\n{}\n\n", header.name, header.description);
    let _ = writeln!(
        out,
        "Kind {}, owner {}. {}\n",
        header.kind,
        header.owner,
        made(review)
    );
    head(
        &mut out,
        &[
            "promise", "state", "promised", "measured", "before", "left", "why",
        ],
    );
    for kept in &product.standing {
        row(&mut out, &promise_row(kept));
    }
    if let Some(why) = &product.why {
        let _ = writeln!(out, "\nWhy: {}.", why.sentence);
        if let Some(split) = &why.split {
            let _ = writeln!(out, "\n{}:\n", compared(split));
            head(&mut out, &HEAD_OF_PARTS);
            for part in parts(split) {
                row(&mut out, &part);
            }
        }
        for also in &why.coincides {
            let _ = writeln!(out, "\nThen, too: {also}.");
        }
        if let Some(sentence) = lineage(product) {
            let _ = writeln!(out, "\nCame from: {sentence}.");
        }
    }
    for sentence in of_inputs(product, &review.inputs) {
        let _ = writeln!(out, "\nWhat it reads: {sentence}.");
    }
    match &product.live {
        Live::Measured(live) => {
            let (first, last) = live.launch_days;
            let _ = writeln!(
                out,
                "\nQuality ({}): {} at launch ({first} to {last}), {} since then.",
                live.what, live.at_launch, live.good
            );
            if let Some(at) = &live.at_positions {
                let _ = writeln!(out, "\nCorrected for positions: {}.", at.sentence());
            }
            if let Some(season) = &live.season {
                let _ = writeln!(out, "\nSeason: {}.", season.sentence());
            }
        }
        Live::Unknown { why, .. } => {
            let _ = writeln!(out, "\nWhat its decisions led to is not known yet: {why}.");
        }
        Live::NotJudged { because } => {
            let _ = writeln!(out, "\nSingle decisions are not judged: {because}.");
        }
    }
    if let Some(makes_room) = &product.makes_room {
        let _ = writeln!(out, "\nRollback: {}.", makes_room.sentence());
    }
    for sentence in of_challenger(product) {
        let _ = writeln!(out, "\nChallenger: {sentence}.");
    }
    for (what, told) in lately(product) {
        let _ = writeln!(out, "\nLast {what}: {told}.");
    }
    if let Some(next) = &product.next_training {
        let _ = writeln!(out, "\nNext training: {}.", next.sentence());
    }
    out
}
