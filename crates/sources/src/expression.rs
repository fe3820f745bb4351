//! SQL expressions over the columns of a batch, compiled once and evaluated batch by batch.

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::sqlparser::ast::{SetExpr, Statement};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use std::sync::Arc;

/// A text that is no SQL of the form asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parse SQL: {found}")]
pub struct SqlSyntaxError {
    /// What the parser found.
    pub found: String,
}

/// A SQL expression that cannot be compiled or evaluated over the rows at hand.
#[derive(Debug, thiserror::Error)]
pub enum ExpressionError {
    /// It names a column that is not there, or mixes types.
    #[error("compile {place}, `{sql}`: {found}")]
    Compile {
        /// Where it stands, such as `skip 2`.
        place: String,
        /// The expression.
        sql: String,
        /// What the engine found.
        found: String,
    },
    /// It is no condition.
    #[error("compile {place}, `{sql}`: it gives {found}, expected true or false")]
    NotACondition {
        /// Where it stands.
        place: String,
        /// The expression.
        sql: String,
        /// The type that it gives.
        found: String,
    },
    /// It failed on a row.
    #[error("evaluate {place}, `{sql}`: {found}; TRY_CAST gives NULL where CAST fails")]
    Evaluate {
        /// Where it stands.
        place: String,
        /// The expression.
        sql: String,
        /// What the engine found.
        found: String,
    },
}

/// Whether a text is one SQL expression.
///
/// # Errors
/// [`SqlSyntaxError`] with what the parser found.
pub fn parse(sql: &str) -> Result<(), SqlSyntaxError> {
    let wrong = |found: String| SqlSyntaxError { found };
    let mut parser = Parser::new(&GenericDialect {})
        .try_with_sql(sql)
        .map_err(|e| wrong(e.to_string()))?;
    parser.parse_expr().map_err(|e| wrong(e.to_string()))?;
    let next = parser.peek_token().token;
    if next == datafusion::sql::sqlparser::tokenizer::Token::EOF {
        return Ok(());
    }
    Err(wrong(format!("unexpected `{next}` after the expression")))
}

/// Whether a text is one SELECT.
///
/// # Errors
/// [`SqlSyntaxError`] with what the parser found.
pub fn parse_query(sql: &str) -> Result<(), SqlSyntaxError> {
    let wrong = |found: String| SqlSyntaxError { found };
    let statements =
        Parser::parse_sql(&GenericDialect {}, sql).map_err(|e| wrong(e.to_string()))?;
    match statements.as_slice() {
        [Statement::Query(query)]
            if matches!(
                *query.body,
                SetExpr::Select(_) | SetExpr::SetOperation { .. }
            ) =>
        {
            Ok(())
        }
        [_] => Err(wrong("a statement that is no SELECT".to_owned())),
        all => Err(wrong(format!("{} statements", all.len()))),
    }
}

/// A session whose identifiers keep their case: columns of foreign files are named as the file names them.
#[must_use]
pub fn session() -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(1);
    config.options_mut().sql_parser.enable_ident_normalization = false;
    config.options_mut().sql_parser.map_string_types_to_utf8view = false;
    SessionContext::new_with_config(config)
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Compiled {
    place: String,
    sql: String,
    expression: Arc<dyn PhysicalExpr>,
}

fn first_line(error: &DataFusionError) -> String {
    error
        .strip_backtrace()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

impl Compiled {
    /// Compiles an expression over rows of `schema`; `place` says where it stands in the source file.
    ///
    /// # Errors
    /// [`ExpressionError::Compile`] when it names a column that is not there or mixes types.
    pub fn new(
        session: &SessionContext,
        schema: &SchemaRef,
        place: String,
        sql: &str,
    ) -> Result<Self, ExpressionError> {
        let compile = || -> Result<Arc<dyn PhysicalExpr>, DataFusionError> {
            let columns = DFSchema::try_from(Arc::clone(schema))?;
            let logical = session.parse_sql_expr(sql, &columns)?;
            session.create_physical_expr(logical, &columns)
        };
        match compile() {
            Ok(expression) => Ok(Self {
                place,
                sql: sql.to_owned(),
                expression,
            }),
            Err(e) => Err(ExpressionError::Compile {
                place,
                sql: sql.to_owned(),
                found: first_line(&e),
            }),
        }
    }

    /// Compiles a condition.
    ///
    /// # Errors
    /// As [`Compiled::new`], and [`ExpressionError::NotACondition`] when it gives anything but true or false.
    pub fn condition(
        session: &SessionContext,
        schema: &SchemaRef,
        place: String,
        sql: &str,
    ) -> Result<Self, ExpressionError> {
        let compiled = Self::new(session, schema, place, sql)?;
        let found = compiled
            .expression
            .data_type(schema)
            .map_err(|e| compiled.failed(&e))?;
        if found == arrow::datatypes::DataType::Boolean {
            return Ok(compiled);
        }
        Err(ExpressionError::NotACondition {
            place: compiled.place,
            sql: compiled.sql,
            found: found.to_string(),
        })
    }

    /// One value per row.
    ///
    /// # Errors
    /// [`ExpressionError::Evaluate`] when it fails on a row, as `CAST` does on a text that is no number.
    pub fn evaluate(&self, rows: &RecordBatch) -> Result<ArrayRef, ExpressionError> {
        self.expression
            .evaluate(rows)
            .and_then(|value| value.into_array(rows.num_rows()))
            .map_err(|e| self.failed(&e))
    }

    /// One answer per row; null where the condition is neither true nor false.
    ///
    /// # Errors
    /// As [`Compiled::evaluate`].
    pub fn answers(&self, rows: &RecordBatch) -> Result<BooleanArray, ExpressionError> {
        let values = self.evaluate(rows)?;
        values
            .as_any()
            .downcast_ref::<BooleanArray>()
            .cloned()
            .ok_or_else(|| ExpressionError::NotACondition {
                place: self.place.clone(),
                sql: self.sql.clone(),
                found: values.data_type().to_string(),
            })
    }

    fn failed(&self, error: &DataFusionError) -> ExpressionError {
        ExpressionError::Evaluate {
            place: self.place.clone(),
            sql: self.sql.clone(),
            found: first_line(error),
        }
    }
}

/// The columns of `first`, then those of `second` whose names are not already there.
#[must_use]
pub fn beside(first: &RecordBatch, second: &RecordBatch) -> RecordBatch {
    let schema = beside_schema(&first.schema(), &second.schema());
    let mut columns = first.columns().to_vec();
    for (field, column) in second.schema().fields().iter().zip(second.columns()) {
        if first.schema().column_with_name(field.name()).is_none() {
            columns.push(Arc::clone(column));
        }
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(first.num_rows()));
    RecordBatch::try_new_with_options(schema, columns, &options)
        .expect("two batches of the same rows stand side by side")
}

/// The schema of [`beside`].
#[must_use]
pub fn beside_schema(first: &SchemaRef, second: &SchemaRef) -> SchemaRef {
    let mut fields = first.fields().to_vec();
    fields.extend(
        second
            .fields()
            .iter()
            .filter(|f| first.column_with_name(f.name()).is_none())
            .cloned(),
    );
    Arc::new(arrow::datatypes::Schema::new(fields))
}
