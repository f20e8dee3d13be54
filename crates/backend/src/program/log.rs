//! The log: one JSON object a line, on standard output (C-18).

use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::Duration;

use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// So many lines wait for whoever reads standard output; further ones are dropped and counted, so that a slow reader stops no request.
const WAITING_LINES: usize = 20_000;
/// So many bytes of them are written at once.
const GATHERED: usize = 64 * 1024;
/// How long lines are gathered after some were written. A line then wakes no thread and costs no system call of its own.
const GATHER: Duration = Duration::from_millis(5);

/// Begins to log. Libraries end at info, whatever `RUST_LOG` says of them or of one of their modules: at trace level the HTTP and TLS crates log
/// what they carry. The guard writes what is left when it is dropped; the function tells how many lines were dropped.
pub fn begin() -> (WorkerGuard, impl Fn() -> u64 + Send + Sync + 'static) {
    let wish = std::env::var_os(EnvFilter::DEFAULT_ENV).filter(|text| !text.is_empty()).unwrap_or_else(|| "info".into());
    let wanted = EnvFilter::try_new(wish.to_string_lossy()).unwrap_or_else(|error| {
        eprintln!("connect-backend: RUST_LOG can't be used ({error}); logging at info.");
        EnvFilter::new("info")
    });
    let ours = filter_fn(|metadata| *metadata.level() <= Level::INFO || metadata.target().starts_with("connect_backend"));
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING_LINES).thread_name("log");
    let (writer, guard) = builder.finish(Gathered(BufWriter::with_capacity(GATHERED, io::stdout())));
    let dropped = writer.error_counter();
    // Each line names all its spans, the innermost among them.
    tracing_subscriber::registry()
        .with(fmt::layer().json().with_current_span(false).with_writer(writer).with_filter(wanted.and(ours)))
        .init();
    (guard, move || u64::try_from(dropped.dropped_lines()).unwrap_or(u64::MAX))
}

/// Writes what came together in one piece. The thread that writes the log flushes whenever no line waits, and then rests here while others come.
struct Gathered<W: Write>(BufWriter<W>);

impl<W: Write> Write for Gathered<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.0.flush();
        thread::sleep(GATHER);
        flushed
    }
}
