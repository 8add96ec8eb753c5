//! The log subscriber of a process.
//!
//! Owns format, filter and destination (standard error: standard output belongs to results). Lines in
//! JSON carry the service and the fields of all spans they lie in, so that every line of a run has
//! its id. Started once by the composition root; a second start is refused.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{JsonFields, Writer},
    },
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::TelemetryError;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = TelemetryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(TelemetryError::Format {
                given: text.to_owned(),
            }),
        }
    }
}

/// Starts logging to standard error.
///
/// `filter` reads like `info,attune_executor=debug,sqlx=warn`.
///
/// # Errors
/// If the filter is not valid or logging was started before.
pub fn init(service: &str, format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|error| TelemetryError::Filter {
            filter: filter.to_owned(),
            reason: error.to_string(),
        })?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Text => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_ansi(colours_wanted())
                    .with_target(true)
                    .with_writer(std::io::stderr),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(json_layer(service, std::io::stderr))
            .try_init(),
    };
    started.map_err(|_| TelemetryError::AlreadyStarted)
}

fn colours_wanted() -> bool {
    use std::io::IsTerminal;
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::io::stderr().is_terminal()
}

/// Lines like `{"service":"api","timestamp":...,"level":...,"message":...,"spans":[...]}`.
fn json_layer<S, W>(service: &str, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let inner = tracing_subscriber::fmt::format()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true);
    tracing_subscriber::fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(NamingService {
            service: serde_json::Value::from(service),
            inner,
        })
        .with_writer(writer)
}

/// Puts the service's name first into a JSON line.
struct NamingService<F> {
    service: serde_json::Value,
    inner: F,
}

impl<S, N, F> FormatEvent<S, N> for NamingService<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.inner
            .format_event(context, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(rest) => write!(writer, "{{\"service\":{},{rest}", self.service),
            None => writer.write_str(&line),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_json_line_names_the_service_and_the_run() {
        let sink = Sink::default();
        let writer = sink.clone();
        let layer = json_layer("execu\"tor", move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("run", run_id = "r-1");
            let _entered = span.enter();
            tracing::warn!(task = "build", "it took long");
        });
        let bytes = sink.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 1);
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["service"], "execu\"tor");
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "it took long");
        assert_eq!(line["task"], "build");
        assert_eq!(line["spans"][0]["run_id"], "r-1");
    }

    #[test]
    fn formats_and_filters_are_checked() {
        assert_eq!("json".parse::<LogFormat>().unwrap(), LogFormat::Json);
        assert!(matches!(
            "xml".parse::<LogFormat>(),
            Err(TelemetryError::Format { .. })
        ));
        let error = init("api", LogFormat::Text, "info,a=loudly").unwrap_err();
        assert!(matches!(error, TelemetryError::Filter { .. }), "{error}");
    }
}
