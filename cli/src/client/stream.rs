//! Server-sent messages: bytes in, messages out.
//!
//! Owns the reading of the format (`id`, `event`, `data`, blank line). Comments are heartbeats: they
//! are read over. A stream that breaks off ends; whoever reads it opens it again after the last id.

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use std::time::Duration;

/// Longest message that is kept; the rest of a longer one is dropped.
const MOST: usize = 32 << 20;
/// A stream that says nothing for so long, not even a heartbeat, is taken to be dead.
const SILENCE: Duration = Duration::from_secs(60);

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamItem {
    /// Where to go on after it.
    pub(crate) id: Option<String>,
    /// Its kind; `message` where none is given.
    pub(crate) event: String,
    /// Its content.
    pub(crate) data: String,
}

/// A stream of messages.
pub(crate) struct Stream {
    bytes: BoxStream<'static, reqwest::Result<Bytes>>,
    reader: Reader,
}

impl Stream {
    /// Reads messages from the body of an answer.
    pub(crate) fn new(
        bytes: impl futures::Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self {
            bytes: bytes.boxed(),
            reader: Reader::default(),
        }
    }

    /// The next message; none when the stream has ended or broken off.
    pub(crate) async fn next(&mut self) -> Option<StreamItem> {
        loop {
            if let Some(item) = self.reader.next() {
                return Some(item);
            }
            let chunk = tokio::time::timeout(SILENCE, self.bytes.next()).await;
            self.reader.push(&chunk.ok()??.ok()?);
        }
    }
}

/// Bytes that came, and how far they were read.
#[derive(Default)]
struct Reader {
    buffer: Vec<u8>,
    item: StreamItem,
    has_data: bool,
}

impl Reader {
    fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message.
    fn next(&mut self) -> Option<StreamItem> {
        while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            if !text.is_empty() {
                self.field(text);
                continue;
            }
            let had_data = std::mem::take(&mut self.has_data);
            let mut item = std::mem::take(&mut self.item);
            if had_data || !item.event.is_empty() {
                if item.event.is_empty() {
                    "message".clone_into(&mut item.event);
                }
                return Some(item);
            }
        }
        None
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => self.item.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.item.event),
            "data" if self.item.data.len() + value.len() <= MOST => {
                if self.has_data {
                    self.item.data.push('\n');
                }
                self.item.data.push_str(value);
                self.has_data = true;
            }
            // A comment, a field that we do not know, or more than we keep.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(reader: &mut Reader) -> Vec<StreamItem> {
        std::iter::from_fn(|| reader.next()).collect()
    }

    #[test]
    fn messages_are_read_however_they_are_cut() {
        let text = ": hello\n\nid: 3\nevent: history\ndata: {\"a\":\ndata: 1}\n\ndata:x\r\n\r\nevent: end\n\n";
        let whole = {
            let mut reader = Reader::default();
            reader.push(text.as_bytes());
            all(&mut reader)
        };
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[0].id.as_deref(), Some("3"));
        assert_eq!(whole[0].data, "{\"a\":\n1}");
        assert_eq!(
            (whole[1].event.as_str(), whole[1].data.as_str()),
            ("message", "x")
        );
        assert_eq!(whole[2].event, "end");
        let mut reader = Reader::default();
        let mut cut = Vec::new();
        for byte in text.as_bytes() {
            reader.push(&[*byte]);
            cut.extend(all(&mut reader));
        }
        assert_eq!(cut, whole);
    }
}
