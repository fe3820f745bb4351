//! Starting, keeping up to date, and stopping without losing anything.

use crate::figures::Counted;
use crate::otlp::{Belongs, Span};
use crate::problem::Sort;
use crate::service::Recorder;
use crate::state::AppState;
use crate::trace::{self, Answered};
use crate::{api, chance, console, otlp};
use axum::Router;
use axum::body::HttpBody;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::serve::ListenerExt;
use factory::Workshop;
use factory::ledger::SettleError;
use lake::log::{
    CompactOptions, Drain, DrainError, DrainOptions, Drained, Wal, WalOptions, compact,
};
use monitoring::metrics::Indicator;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How to serve.
#[derive(Debug, Clone, Default)]
pub struct ServeOptions {
    /// Address to listen at; that of the project where absent.
    pub address: Option<SocketAddr>,
}

/// Why serving failed.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be had.
    #[error("listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The address is open to others, but requests need no key.
    #[error(
        "listen at {address}: it is no loopback address, so [server] anonymous must be false; create keys with `comptoir key create`"
    )]
    Open {
        /// The address.
        address: SocketAddr,
    },
    /// The durable log.
    #[error("open the decision log")]
    Log(#[source] lake::log::WalError),
    /// The lake.
    #[error("drain the decision log")]
    Drain(#[source] lake::log::DrainError),
    /// What customers got lately, where a product caps it.
    #[error("read what customers got lately")]
    Given(#[source] lake::LakeError),
    /// The connections.
    #[error("serve")]
    Serve(#[source] std::io::Error),
}

/// Time between two looks for a new champion or new data.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Time between two moves of logged decisions into the lake.
const DRAIN_EVERY: Duration = Duration::from_secs(10);

/// Time between two batches of promises that are written down.
const WRITE_EVERY: Duration = Duration::from_millis(100);

/// Time between two looks for leases of dead processes.
const SETTLE_EVERY: Duration = Duration::from_secs(5);

/// Five steps of niceness give a quarter of a contested processor. Why not less: where requests keep all processors busy
/// the log must be drained too.
#[cfg(target_os = "linux")]
const DRAIN_NICENESS: i32 = 5;

/// Time that requests in flight get when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` completes; then requests in flight are answered and the log is drained into the lake.
///
/// - `ready` is told the address once requests are answered there.
///
/// # Errors
/// [`ServeError`] when the address or the log cannot be had.
pub async fn serve(
    workshop: Workshop,
    options: ServeOptions,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let address = options.address.unwrap_or(workshop.project.address);
    if workshop.project.file.server.anonymous && !address.ip().is_loopback() {
        return Err(ServeError::Open { address });
    }
    let listen = |source| ServeError::Listen { address, source };
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(listen)?;
    let bound = listener.local_addr().map_err(listen)?;
    let wal = Wal::open_below(&workshop.log_root(), &WalOptions::default());
    let wal = Arc::new(wal.map_err(ServeError::Log)?);
    let drain = Drain::new(
        workshop.lake.clone(),
        Arc::clone(&wal),
        DrainOptions::default(),
    );
    let body_max = usize::try_from(workshop.project.body_max.0).unwrap_or(usize::MAX);
    let (state, ways) = AppState::new(workshop, wal, drain);
    let state = Arc::new(state);
    // What a killed process has left is moved first, so that nothing waits for its folder to be found.
    report(state.drain.run(jiff::Timestamp::now()).await);
    if let Some(given) = &state.given {
        let looked = given.look(None, jiff::Timestamp::now()).await;
        looked.map_err(ServeError::Given)?;
    }
    if let Err(error) = state.live.refresh(&state.workshop).await {
        tracing::error!(
            error = factory::run::one_line(&error),
            "could not look at the shop; trying again"
        );
    }
    if let Some(ledger) = &state.ledger {
        // Where the budgets stand is known before the first answer.
        ledger.tend(jiff::Timestamp::now()).await;
    }
    if let Err(error) = state.workshop.recover_runs(jiff::Timestamp::now()).await {
        tracing::error!(
            error = factory::run::one_line(&error),
            "could not look for interrupted runs"
        );
    }
    let looking = tokio::spawn(look(Arc::clone(&state)));
    let (record_no_more, recorded_enough) = tokio::sync::oneshot::channel::<()>();
    let recording = tokio::spawn(record(Arc::clone(&state), recorded_enough));
    let keeping = tokio::spawn(keep_ledger(Arc::clone(&state)));
    let (drain_no_more, no_more) = tokio::sync::oneshot::channel::<()>();
    let draining = {
        let state = Arc::clone(&state);
        let work = move || drain_beside(&state, no_more);
        let thread = std::thread::Builder::new().name("drain".to_owned());
        thread.spawn(work).map_err(ServeError::Serve)?
    };
    {
        // It ends with the state: what is not answered in the shadow by then is not missed.
        let (state, runtime) = (Arc::downgrade(&state), tokio::runtime::Handle::current());
        let work = move || crate::shadow::answer(&state, &ways.unseen, &runtime);
        let thread = std::thread::Builder::new().name("shadow".to_owned());
        thread.spawn(work).map_err(ServeError::Serve)?;
    }
    if let Some((address, spans)) = ways.spans {
        let (shop, lost) = (
            state.workshop.project.file.name.clone(),
            Arc::clone(&state.figures.spans_lost),
        );
        // It ends with the state, once what was answered by then is sent.
        tokio::spawn(async move {
            otlp::send(spans, &address, &shop, |count| lost.add(count)).await;
        });
    }
    let app = router(Arc::clone(&state), body_max);
    ready(bound);
    let (stopped, has_stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(listener.tap_io(without_delay), app.into_make_service())
        .with_graceful_shutdown(async move {
            stop.await;
            let _ = stopped.send(());
        });
    let patience = async {
        let _ = has_stopped.await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        done = serving => done.map_err(ServeError::Serve)?,
        () = patience => tracing::warn!("connections were still open after {GRACE:?}"),
    }
    looking.abort();
    keeping.abort();
    drop(record_no_more);
    let _ = recording.await;
    if let Some(ledger) = &state.ledger {
        ledger.close(jiff::Timestamp::now()).await;
    }
    // It has ended where it had to; what it was about to move is moved now.
    drop(drain_no_more);
    let _ = tokio::task::spawn_blocking(move || draining.join()).await;
    state
        .drain
        .run(jiff::Timestamp::now())
        .await
        .map_err(ServeError::Drain)?;
    Ok(())
}

/// An answer is one write: waiting for more to send only delays it.
fn without_delay(connection: &mut tokio::net::TcpStream) {
    if let Err(error) = connection.set_nodelay(true) {
        tracing::debug!(%error, "a connection sends with delay");
    }
}

async fn look(state: Arc<AppState>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(error) = state.live.refresh(&state.workshop).await {
            tracing::error!(
                error = factory::run::one_line(&error),
                "could not look at lake and registry; trying again"
            );
        }
        if let (Some(bytes), Ok(gauge)) = (
            resident_bytes(),
            state.figures.metrics.gauge(Indicator::Memory, &[]),
        ) {
            gauge.set(bytes as f64);
        }
    }
}

/// Writes down how products answer, until told to stop, and makes records of hours of those that are old.
async fn record(state: Arc<AppState>, mut enough: tokio::sync::oneshot::Receiver<()>) {
    let mut recorder = Recorder::new();
    let mut folded = None;
    loop {
        let now = jiff::Timestamp::now();
        recorder.look(&state, now, false).await;
        let hour = now.as_second().div_euclid(3600);
        if folded != Some(hour) {
            folded = Some(hour);
            if let Err(error) = factory::review::fold(&state.workshop.registry, now).await {
                tracing::warn!(
                    error = factory::run::one_line(&error),
                    "records of how products answered stay as they are for now"
                );
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = &mut enough => break,
        }
    }
    recorder.look(&state, jiff::Timestamp::now(), true).await;
}

/// Leases money, writes down what was promised, and settles the leases of processes that died.
async fn keep_ledger(state: Arc<AppState>) {
    let Some(ledger) = &state.ledger else { return };
    let tending = async {
        loop {
            let _ = tokio::time::timeout(WRITE_EVERY, ledger.wanting()).await;
            ledger.tend(jiff::Timestamp::now()).await;
        }
    };
    let settling = async {
        loop {
            settle_dead(&state).await;
            tokio::time::sleep(SETTLE_EVERY).await;
        }
    };
    tokio::join!(tending, settling);
}

async fn settle_dead(state: &AppState) {
    match state
        .workshop
        .settle_dead_leases(jiff::Timestamp::now())
        .await
    {
        Ok(settled) => {
            for one in settled {
                let (lease, product) = (one.lease, one.product);
                let (promises, freed) = (one.promises, one.freed.to_string());
                tracing::warn!(
                    lease,
                    product,
                    promises,
                    freed,
                    "settled the lease of a process that died"
                );
            }
        }
        // That the registry is away is said by the ledger.
        Err(SettleError::Registry(_)) => {}
        Err(error) => tracing::error!(
            error = factory::run::one_line(&error),
            "leases of dead processes count as spent for now"
        ),
    }
}

/// Says what of the log could not be moved.
fn report(run: Result<Drained, DrainError>) {
    match run {
        Ok(drained) if !drained.held_back.is_empty() => {
            for held in &drained.held_back {
                tracing::error!(
                    error = factory::run::one_line(held),
                    "a part of the decision log waits to be looked at"
                );
            }
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(
            error = factory::run::one_line(&error),
            "the decision log waits"
        ),
    }
}

/// Drains on this thread alone, until told to stop: encoding files holds up none of the threads that answer.
fn drain_beside(state: &AppState, mut no_more: tokio::sync::oneshot::Receiver<()>) {
    yield_to_answers();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the decision log is drained only when the server stops");
            return;
        }
    };
    loop {
        let draining = || {
            runtime.block_on(async {
                tokio::select! {
                    () = drain_often(state) => {}
                    _ = &mut no_more => {}
                }
            });
        };
        // A decoder that panics on a damaged file must not leave the log to grow for ever. What is shared is behind
        // locks and transactions, which a panic leaves as before.
        match catch_unwind(AssertUnwindSafe(draining)) {
            Ok(()) => return,
            Err(_) => tracing::error!("draining the decision log panicked; it is tried again"),
        }
    }
}

/// This thread, and those that it starts, get what the answering threads leave of the processors. Elsewhere than on
/// Linux the priority is that of the whole process, and stays.
pub(crate) fn yield_to_answers() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(DRAIN_NICENESS) {
        tracing::warn!(%error, "what is done beside answers is done at their priority");
    }
}

async fn drain_often(state: &AppState) {
    loop {
        tokio::time::sleep(DRAIN_EVERY).await;
        report(state.drain.run_beside_answers(jiff::Timestamp::now()).await);
        if let Some(given) = &state.given
            && let Err(error) = given.look(None, jiff::Timestamp::now()).await
        {
            tracing::warn!(
                error = factory::run::one_line(&error),
                "what others gave customers counts later"
            );
        }
        for table in ["decisions", "events", "shadow_answers", "order_answers"] {
            let merged = compact(
                &state.workshop.lake,
                state.wal.root(),
                table,
                &CompactOptions::default(),
                jiff::Timestamp::now(),
            )
            .await;
            if let Err(error) = merged {
                tracing::warn!(
                    error = factory::run::one_line(&error),
                    table,
                    "small files stay for now"
                );
            }
        }
    }
}

/// Resident memory of this process.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

fn router(state: Arc<AppState>, body_max: usize) -> Router {
    Router::new()
        .merge(api::router())
        .merge(console::router())
        .fallback(api::no_such_page)
        .method_not_allowed_fallback(api::wrong_method)
        .layer(DefaultBodyLimit::max(body_max))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), watched))
        .with_state(state)
}

/// Gives a request its identifier back, and counts and times it where that is asked for.
async fn watched(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
    let id = request.headers().get(&REQUEST_ID);
    let id = id.filter(|v| v.len() <= 128).cloned();
    let mut response = if state.monitored {
        noted(&state, request, next, id.as_ref()).await
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(
        "x-content-type-options",
        HeaderValue::from_static("nosniff"),
    );
    if let Some(id) = id {
        headers.insert(REQUEST_ID.clone(), id);
    }
    response
}

/// Counts and times a request, keeps it where it is among the slowest, and sends it where it is drawn.
async fn noted(
    state: &AppState,
    request: Request,
    next: Next,
    id: Option<&HeaderValue>,
) -> Response {
    static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    // As its header says, where it has one.
    let request_bytes = request.body().size_hint().exact();
    let belongs = state.traces.as_ref().and_then(|traces| {
        let named = request.headers().get(&TRACEPARENT);
        Belongs::of(named.and_then(|value| value.to_str().ok()))
            .unwrap_or_else(|| chance::is_drawn(traces.share).then(Belongs::begun))
    });
    let began = Instant::now();
    let response = next.run(request).await;
    let counted = Counted {
        route,
        status: response.status(),
        took: began.elapsed(),
        request_bytes: request_bytes.unwrap_or(0),
        response_bytes: response.body().size_hint().exact().unwrap_or(0),
        problem: response.extensions().get::<Sort>().map(|sort| sort.0),
        noted: trace::left(began),
    };
    // Of the slowest are requests of programs: pages are read by people and take longer.
    let is_slow = counted.route().starts_with("/v1/") && state.slowest.wants(counted.took);
    if belongs.is_some() || is_slow {
        let trace_id = belongs.as_ref().map(|belongs| belongs.trace.clone());
        let request = told(state, began, &method, &counted, id, trace_id);
        if let (Some(traces), Some(belongs)) = (&state.traces, belongs) {
            let request = request.clone();
            if !traces.send(Span { request, belongs }) {
                state.figures.spans_lost.increment();
            }
        }
        if is_slow {
            state.slowest.add(request);
        }
    }
    tracing::info!(
        %method,
        route = counted.route(),
        status = counted.status.as_u16(),
        micros = trace::micros(counted.took),
        "answered"
    );
    state.figures.request(counted);
    response
}

/// A request as it is told to people and to a collector.
///
/// - `began`: when.
fn told(
    state: &AppState,
    began: Instant,
    method: &Method,
    counted: &Counted,
    id: Option<&HeaderValue>,
    trace_id: Option<String>,
) -> Answered {
    let noted = counted.noted.as_ref();
    let products = &state.workshop.project.products;
    let product = noted.and_then(|noted| products.get(noted.product?));
    Answered {
        at: jiff::Timestamp::now(),
        method: method.to_string(),
        route: counted.route().to_owned(),
        product: product.map(|of| of.header().name.clone()),
        version: noted.and_then(|noted| noted.version),
        status: counted.status.as_u16(),
        problem: counted.problem,
        took_micros: trace::micros(counted.took),
        stages: noted.map_or_else(Vec::new, |noted| noted.stages(began)),
        request_bytes: counted.request_bytes,
        response_bytes: counted.response_bytes,
        request_id: id.and_then(|id| id.to_str().ok()).map(str::to_owned),
        trace_id,
    }
}
