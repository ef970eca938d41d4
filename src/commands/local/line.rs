//! Lines of bounded length over a socket.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// Reads lines. What has come of one is kept when the wait for the rest is given up.
pub(super) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    limit: usize,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Lines of up to `limit` bytes.
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self { reader, line: Vec::new(), limit }
    }

    /// The next line, without its end. Nothing where the other side has ended.
    ///
    /// # Errors
    /// The line is too long or no UTF-8, or the socket fails.
    pub(super) async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            let here = self.reader.fill_buf().await?;
            if here.is_empty() {
                return Ok(None);
            }
            let end = here.iter().position(|&byte| byte == b'\n');
            let part = here.get(..end.unwrap_or(here.len())).unwrap_or_default();
            if self.line.len() + part.len() > self.limit {
                return Err(invalid(format!("a line of more than {} bytes", self.limit)));
            }
            self.line.extend_from_slice(part);
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                let line = String::from_utf8(std::mem::take(&mut self.line));
                return line.map(Some).map_err(|error| invalid(error.to_string()));
            }
        }
    }

    /// Waits until the other side ends without saying anything more; for ever if it says more.
    pub(super) async fn ended(&mut self) {
        match self.reader.fill_buf().await {
            Ok(more) if !more.is_empty() => std::future::pending().await,
            Ok(_) | Err(_) => {}
        }
    }
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use super::*;

    #[test]
    fn lines_are_cut_at_their_ends_and_bounded() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut lines = Lines::new(io::Cursor::new("one\n\ntwo, which is long\n"), 8);
            assert_eq!(lines.next().await.unwrap().unwrap(), "one");
            assert_eq!(lines.next().await.unwrap().unwrap(), "");
            assert!(lines.next().await.is_err());
            assert_eq!(Lines::new(io::Cursor::new("half"), 8).next().await.unwrap(), None);
            assert!(Lines::new(io::Cursor::new(b"\xff\n"), 8).next().await.is_err());
        });
    }
}
