//! What is kept of a process's output.
//!
//! Owns three views of one stream of bytes, each bounded: lines for the log, the whole for parsing,
//! and an excerpt for people. Never stops reading: what is beyond a bound is dropped, so that a
//! process is not held up. Called by `process`.

use super::journal::{AttemptLog, Stream, visible};
use attune_catalogue::MaskStream;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of the excerpt's beginning.
const HEAD: usize = 48 << 10;
/// Bytes of the excerpt's end.
const TAIL: usize = 15 << 10;
/// A longer line is cut into several.
const LONGEST_LINE: usize = 32 << 10;

/// The beginning and the end of a stream.
#[derive(Debug, Default)]
struct Excerpt {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    dropped: u64,
}

impl Excerpt {
    fn push(&mut self, mut bytes: &[u8]) {
        let room = HEAD - self.head.len();
        if room > 0 {
            let (first, rest) = bytes.split_at(room.min(bytes.len()));
            self.head.extend_from_slice(first);
            bytes = rest;
        }
        // Only the last bytes of a large piece can stay.
        let skipped = bytes.len().saturating_sub(TAIL);
        let over = (self.tail.len() + bytes.len() - skipped).saturating_sub(TAIL);
        self.tail.drain(..over);
        self.tail.extend(&bytes[skipped..]);
        self.dropped += u64::try_from(over + skipped).unwrap_or(u64::MAX);
    }

    fn text(&self) -> String {
        let (a, b) = self.tail.as_slices();
        let mut bytes = self.head.clone();
        if self.dropped > 0 {
            bytes.extend_from_slice(
                format!("\n[... {} bytes left out ...]\n", self.dropped).as_bytes(),
            );
        }
        bytes.extend_from_slice(a);
        bytes.extend_from_slice(b);
        visible(&bytes)
    }
}

/// What was captured of one stream.
#[derive(Debug, Default)]
pub(super) struct Captured {
    /// All of it, up to the bound; empty for streams that are not parsed.
    pub(super) whole: Vec<u8>,
    /// Whether there was more than the bound.
    pub(super) overflow: bool,
    /// The bound.
    pub(super) most: usize,
    /// Beginning and end, for people.
    pub(super) excerpt: String,
}

/// Takes bytes as they come.
struct Sink {
    stream: Stream,
    log: Arc<AttemptLog>,
    keep_whole: bool,
    line: Vec<u8>,
    excerpt: Excerpt,
    captured: Captured,
    /// Hides secrets in what people see; the whole is read as it is, and hidden afterwards.
    mask: MaskStream,
}

impl Sink {
    fn push(&mut self, bytes: &[u8]) {
        if self.keep_whole {
            let room = self.captured.most - self.captured.whole.len();
            self.captured.overflow |= bytes.len() > room;
            let kept = &bytes[..room.min(bytes.len())];
            self.captured.whole.extend_from_slice(kept);
        }
        let shown = self.mask.push(bytes);
        self.show(&shown);
    }

    fn show(&mut self, bytes: &[u8]) {
        self.excerpt.push(bytes);
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        if let Some(first) = pieces.next() {
            self.extend_line(first);
        }
        for piece in pieces {
            self.end_line();
            self.extend_line(piece);
        }
    }

    fn extend_line(&mut self, piece: &[u8]) {
        self.line.extend_from_slice(piece);
        while self.line.len() > LONGEST_LINE {
            let mut cut = LONGEST_LINE;
            // Not within a character: at most three bytes follow its first.
            while cut > LONGEST_LINE - 4 && self.line[cut] & 0b1100_0000 == 0b1000_0000 {
                cut -= 1;
            }
            let rest = self.line.split_off(cut);
            self.log.line(self.stream, &self.line);
            self.line = rest;
        }
    }

    fn end_line(&mut self) {
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        self.log.line(self.stream, &self.line);
        self.line.clear();
    }

    fn finish(mut self) -> Captured {
        let left = self.mask.finish();
        if !left.is_empty() {
            self.show(&left);
        }
        if !self.line.is_empty() {
            self.end_line();
        }
        self.captured.excerpt = self.excerpt.text();
        self.captured
    }
}

/// Reads a stream to its end, or until it has to be given up.
pub(super) async fn read(
    mut from: impl AsyncRead + Unpin,
    stream: Stream,
    log: Arc<AttemptLog>,
    most: usize,
    give_up: tokio_util::sync::CancellationToken,
) -> Captured {
    let mut sink = Sink {
        mask: log.mask().stream(),
        stream,
        log,
        keep_whole: stream == Stream::Stdout,
        line: Vec::new(),
        excerpt: Excerpt::default(),
        captured: Captured {
            most,
            ..Captured::default()
        },
    };
    let mut buffer = vec![0; 32 << 10];
    loop {
        tokio::select! {
            biased;
            read = from.read(&mut buffer) => match read {
                Ok(0) | Err(_) => break,
                Ok(count) => sink.push(&buffer[..count]),
            },
            () = give_up.cancelled() => break,
        }
    }
    sink.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_keeps_beginning_and_end() {
        let mut excerpt = Excerpt::default();
        excerpt.push(b"start");
        for _ in 0..100 {
            excerpt.push(&[b'x'; 10_000]);
        }
        excerpt.push(b"end");
        let text = excerpt.text();
        assert!(text.starts_with("start") && text.ends_with("end"));
        assert!(text.contains("bytes left out"));
        assert!(text.len() < 64 << 10);
        let kept = HEAD + TAIL;
        let total = 5 + 1_000_000 + 3;
        assert_eq!(excerpt.dropped, (total - kept) as u64);
    }

    #[test]
    fn a_short_stream_is_kept_whole() {
        let mut excerpt = Excerpt::default();
        excerpt.push(b"all ");
        excerpt.push(b"of it\0");
        assert_eq!(excerpt.text(), "all of it\u{2400}");
    }
}
