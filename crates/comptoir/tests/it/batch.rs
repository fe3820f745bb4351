//! `comptoir decide`: many questions at once.

use crate::program::{good, json, refused, rows};
use crate::serving::{ask, serve, terminate, trained};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The trained starter shop, with time for every answer: a debug build on a busy machine is slow.
fn patient(folder: &Path) -> PathBuf {
    let shop = trained(folder);
    let file = shop.join("products/for-you.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("deadline_ms = 10000\n{text}")).unwrap();
    shop
}

/// Holds a share of the customers out.
fn hold_out(shop: &Path, share: f64) {
    let file = shop.join("comptoir.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("[holdout]"), "{text}");
    std::fs::write(&file, format!("{text}\n[holdout]\nshare = {share}\n")).unwrap();
}

/// Answers that a batch has left unfinished.
fn partial(shop: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(shop).unwrap().map(|e| e.unwrap().path());
    all.filter(|p| p.to_string_lossy().contains("partial"))
        .collect()
}

fn decisions(shop: &Path) -> Value {
    rows(shop, "SELECT COUNT(*) AS n FROM decisions")[0]["n"].clone()
}

#[test]
fn a_batch_that_fails_leaves_the_old_answers_and_logs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let shop = patient(folder.path());
    let long = format!("customer_id\n{}\n", "x".repeat(201));
    let cases: [(&str, &[u8], &[&str]); 12] = [
        (
            "colour.csv",
            b"customer_id,colour\nC001,red\n",
            &[
                "colour.csv",
                "allowed are customer_id, product_id, placement, items",
            ],
        ),
        (
            "semicolon.csv",
            b"customer_id;items\nC001;3\n",
            &["semicolon.csv", "customer_id;items", "allowed are"],
        ),
        ("empty.csv", b"", &["empty.csv", "allowed are customer_id"]),
        (
            "many.csv",
            b"customer_id,items\nC001,3\nC002,many\n",
            &["many.csv", "many", "line 2"],
        ),
        (
            "negative.csv",
            b"customer_id,items\nC001,3\nC002,-1\n",
            &[
                "question 2 of negative.csv",
                "`items` is -1, allowed is 1 or more",
            ],
        ),
        (
            "short.csv",
            b"customer_id,items\nC001,3\nC002\n",
            &["short.csv", "line 3", "expected 2 got 1"],
        ),
        (
            "latin.csv",
            b"customer_id\nC\xe9\n",
            &["latin.csv", "UTF-8", "line 2"],
        ),
        (
            "long.csv",
            long.as_bytes(),
            &["question 1 of long.csv", "1 to 200 characters"],
        ),
        (
            "cut.ndjson",
            b"{\"customer_id\":\"C001\"}\n{\"customer_id\":",
            &["cut.ndjson", "Truncated record"],
        ),
        (
            "colour.ndjson",
            b"{\"customer_id\":\"C001\",\"colour\":\"red\"}\n",
            &["colour.ndjson", "'colour'"],
        ),
        (
            "text.parquet",
            b"customer_id\n",
            &["text.parquet", "Parquet"],
        ),
        (
            "questions.txt",
            b"customer_id\nC001\n",
            &["--input is questions.txt, allowed is a name that ends in .ndjson, .csv or .parquet"],
        ),
    ];
    let answers = shop.join("answers.csv");
    std::fs::write(&answers, "what was decided before").unwrap();
    let decide = |input: &str, output: &str, says: &[&str]| {
        let arguments = [
            "decide",
            "for-you",
            "--input",
            input,
            "--output-file",
            output,
        ];
        let ran = refused(&shop, &arguments, 2, says);
        assert_eq!(ran.out, "");
        assert_eq!(partial(&shop), Vec::<PathBuf>::new(), "{input}");
        assert_eq!(
            std::fs::read_to_string(&answers).unwrap(),
            "what was decided before"
        );
    };
    for (name, content, says) in cases {
        std::fs::write(shop.join(name), content).unwrap();
        decide(name, "answers.csv", says);
    }
    decide(
        "nowhere.csv",
        "answers.csv",
        &["read nowhere.csv", "No such file"],
    );
    std::fs::write(shop.join("good.csv"), "customer_id\nC001\nC002\n").unwrap();
    std::fs::create_dir(shop.join("folder.csv")).unwrap();
    decide(
        "folder.csv",
        "answers.csv",
        &["read folder.csv", "directory"],
    );
    decide(
        "good.csv",
        "answers.xlsx",
        &["--output-file is answers.xlsx, allowed is"],
    );
    decide(
        "good.csv",
        "nowhere/answers.csv",
        &["write nowhere/answers.csv", "No such file"],
    );
    decide("good.csv", "folder.csv", &["write folder.csv", "directory"]);
    assert_eq!(
        decisions(&shop),
        0,
        "decisions that nobody was given are logged"
    );

    let arguments = [
        "decide",
        "for-you",
        "--input",
        "good.csv",
        "--output-file",
        "answers.csv",
    ];
    good(&shop, &[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(decisions(&shop), 0, "a trial is logged");
    good(&shop, &arguments);
    assert_eq!(decisions(&shop), 12, "two customers with six products each");
    let totals = [
        "decide",
        "for-you",
        "--totals",
        "--output-file",
        "totals.csv",
    ];
    refused(&shop, &totals, 2, &["list the totals of for-you"]);
    assert_eq!(partial(&shop), Vec::<PathBuf>::new());
}

/// The rows of a file, whatever its format; what is empty is absent.
fn read(file: &Path, schema: arrow::datatypes::SchemaRef) -> Vec<Value> {
    let open = || std::fs::File::open(file).unwrap();
    let batches: Vec<_> = match file.extension().unwrap().to_str().unwrap() {
        "ndjson" => {
            return std::fs::read_to_string(file)
                .unwrap()
                .lines()
                .map(json)
                .collect();
        }
        "csv" => arrow::csv::ReaderBuilder::new(schema)
            .with_header(true)
            .build(open())
            .unwrap()
            .map(Result::unwrap)
            .collect(),
        _ => parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(open())
            .unwrap()
            .build()
            .unwrap()
            .map(Result::unwrap)
            .collect(),
    };
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    batches.iter().for_each(|b| writer.write(b).unwrap());
    writer.finish().unwrap();
    let text = String::from_utf8(writer.into_inner()).unwrap();
    text.lines().map(json).collect()
}

/// The same questions as a file of each format.
fn write_questions(shop: &Path, questions: &[Value]) {
    let lines: Vec<String> = questions.iter().map(Value::to_string).collect();
    let ndjson = lines.join("\n") + "\n";
    let text = |q: &Value, name: &str| q[name].as_str().unwrap_or("").to_owned();
    let mut csv = String::from("\u{feff}items,\"placement\",product_id,customer_id\n");
    for q in questions {
        let items = q["items"]
            .as_u64()
            .map_or_else(String::new, |n| n.to_string());
        let [placement, product, customer] =
            ["placement", "product_id", "customer_id"].map(|name| text(q, name));
        csv += &format!("{items},{placement},\"{product}\",{customer}\n");
    }
    use arrow::datatypes::{DataType, Field, Schema};
    let columns = [
        ("customer_id", DataType::Utf8),
        ("product_id", DataType::Utf8),
        ("placement", DataType::Utf8),
        ("items", DataType::Int64),
    ];
    let fields: Vec<Field> = columns
        .map(|(name, kind)| Field::new(name, kind, true))
        .into();
    let schema = std::sync::Arc::new(Schema::new(fields));
    let batch = arrow::json::ReaderBuilder::new(std::sync::Arc::clone(&schema))
        .build(ndjson.as_bytes())
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let file = std::fs::File::create(shop.join("q.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    std::fs::write(shop.join("q.ndjson"), ndjson).unwrap();
    std::fs::write(shop.join("q.csv"), csv).unwrap();
}

/// Rows as the file of answers should have them, from the answer of the API.
fn expected(question: &Value, status: u16, answer: &Value) -> Vec<Value> {
    let mut row = serde_json::Map::new();
    for name in ["customer_id", "product_id", "placement"] {
        row.extend(question.get(name).map(|v| (name.to_owned(), v.clone())));
    }
    if status != 200 {
        row.insert("error".to_owned(), answer["detail"].clone());
        return vec![row.into()];
    }
    let action = |a: &Value| {
        let mut row = row.clone();
        row.insert("action".to_owned(), a["id"].clone());
        for name in ["position", "label", "score", "propensity", "reasons"] {
            row.extend(a.get(name).map(|v| (name.to_owned(), v.clone())));
        }
        for name in ["version", "holdout"] {
            row.insert(name.to_owned(), answer[name].clone());
        }
        row.into()
    };
    answer["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(action)
        .collect()
}

#[test]
fn a_batch_answers_in_every_format_as_the_api_does_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let shop = patient(folder.path());
    // Half of the customers are held out: they get the baseline here as there.
    hold_out(&shop, 0.5);
    let questions = [
        json!({"customer_id": "C001"}),
        json!({"customer_id": "C008", "items": 3}),
        json!({"customer_id": "C075", "placement": "buy_again"}),
        json!({"product_id": "TEA-CHAI", "placement": "similar", "items": 4}),
        json!({"product_id": "TEA-CHAI", "placement": "complementary"}),
        json!({"placement": "popular"}),
        json!({"customer_id": "nobody-knows-me"}),
        json!({"customer_id": "C001", "items": 0}),
        json!({"customer_id": "C001", "placement": "window"}),
        json!({"product_id": "NO-SUCH-TEA", "placement": "similar"}),
    ];
    write_questions(&shop, &questions);
    let batch = |format: &str, more: &[&str]| {
        let (input, output) = (format!("q.{format}"), format!("a.{format}"));
        let arguments = [
            "decide",
            "for-you",
            "--input",
            &input,
            "--output-file",
            &output,
            "--output",
            "json",
        ];
        json(&good(&shop, &[&arguments[..], more].concat()).out)
    };
    let done = batch("parquet", &[]);
    assert_eq!(
        (&done["questions"], &done["refused"]),
        (&10.into(), &3.into()),
        "{done}"
    );
    for other in ["csv", "ndjson"] {
        assert_eq!(batch(other, &["--dry-run"]), done, "{other}");
    }

    let (mut child, address) = serve(&shop);
    let mut wanted = Vec::new();
    for question in &questions {
        let (status, answer) = ask(&address, &question.to_string());
        assert_ne!(answer["fallback"], true, "{answer}");
        wanted.extend(expected(question, status, &answer));
    }
    terminate(&mut child);
    assert_eq!(
        wanted
            .iter()
            .filter(|row| row.get("error").is_some())
            .count(),
        3
    );
    assert_eq!(wanted.len() as u64 - 3, done["actions"], "{done}");

    let file = std::fs::File::open(shop.join("a.parquet")).unwrap();
    let parquet =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = parquet.schema().clone();
    for format in ["parquet", "csv", "ndjson"] {
        let mut answers = read(&shop.join(format!("a.{format}")), schema.clone());
        for row in &mut answers {
            let row = row.as_object_mut().unwrap();
            assert_eq!(
                row.remove("decision_id").is_some(),
                row.contains_key("action")
            );
            if let Some(reasons) = row.get_mut("reasons") {
                *reasons = json(reasons.as_str().unwrap());
            }
        }
        assert_eq!(answers, wanted, "{format}");
    }
    // The log knows of one batch and of the questions asked one by one: seven of each were answered.
    let sql = "SELECT decision_id LIKE 'batch-%' AS batch, COUNT(DISTINCT decision_id) AS n, \
               COUNT(DISTINCT CASE WHEN holdout THEN customer_id END) AS held_out FROM decisions GROUP BY 1";
    let logged = rows(&shop, sql);
    let held_out: std::collections::BTreeSet<String> = wanted
        .iter()
        .filter(|row| row["holdout"] == true)
        .map(|row| row["customer_id"].to_string())
        .collect();
    assert!(!held_out.is_empty(), "C008 is held out: {wanted:?}");
    let explained = |customer: &str| {
        let subject = format!("customer={customer}");
        let command = ["explain", "for-you", "--for", &subject, "--output", "json"];
        let told = json(&good(&shop, &command).out);
        let said = good(&shop, &command[..4])
            .out
            .contains("note: the customer is held out");
        (told["holdout"].clone(), said)
    };
    assert_eq!(explained("C008"), (true.into(), true));
    assert_eq!(explained("C001"), (false.into(), false));
    assert!(
        logged.len() == 2
            && logged
                .iter()
                .all(|row| row["n"] == 7 && row["held_out"] == held_out.len()),
        "{logged:?}"
    );
}
