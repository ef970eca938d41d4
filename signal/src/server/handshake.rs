//! From a TCP connection to a websocket, or to a refusal that a person can read.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::{HOST, ORIGIN};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, error::ProtocolError};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async, accept_hdr_async_with_config};

use super::stream::{Stream, Upgrade};
use crate::limits::{Options, READ_BUFFER_BYTES};

/// What a browser or `curl` sees that does not ask for a websocket.
const NOT_A_WEBSOCKET: &str = "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n\
    This is an ultrawave signaling server; it speaks websocket. Join a room with `ultrawave join ROOM`.\n";

/// Does the websocket handshake.
#[expect(clippy::result_large_err, reason = "the callback's type is fixed by the websocket crate")]
pub(super) async fn accept<'s>(
    stream: &'s mut Stream, options: &Options,
) -> Result<WebSocketStream<&'s mut Stream>, tungstenite::Error> {
    let origins = &options.allowed_origins;
    let check = |request: &Request, response: Response| {
        if is_welcome(request.headers(), origins) {
            Ok(response)
        } else {
            let reason =
                "web pages of this origin may not connect here; the server allows them with --allow-origin";
            Err(refusal(StatusCode::FORBIDDEN, reason))
        }
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(options.max_frame_bytes))
        .max_frame_size(Some(options.max_frame_bytes));
    accept_hdr_async_with_config(stream, check, Some(config)).await
}

/// Refuses the handshake of a connection for which there is no place.
#[expect(clippy::result_large_err, reason = "the callback's type is fixed by the websocket crate")]
pub(super) async fn turn_away(upgrade: Upgrade, stream: TcpStream, reason: String) {
    let Ok(mut stream) = upgrade.apply(stream).await else { return };
    let refuse = |_: &Request, _: Response| Err(refusal(StatusCode::SERVICE_UNAVAILABLE, &reason));
    // It ends in the refusal, or in a fault of the other side.
    drop(accept_hdr_async(&mut stream, refuse).await);
    linger(&mut stream).await;
}

/// Answers what was no websocket handshake.
pub(super) async fn explain(stream: &mut Stream, error: &tungstenite::Error) {
    let is_http = matches!(
        error,
        tungstenite::Error::Protocol(
            ProtocolError::MissingConnectionUpgradeHeader
                | ProtocolError::MissingUpgradeWebSocketHeader
                | ProtocolError::MissingSecWebSocketKey
                | ProtocolError::MissingSecWebSocketVersionHeader
                | ProtocolError::WrongHttpMethod
                | ProtocolError::WrongHttpVersion
        )
    );
    if is_http && stream.write_all(NOT_A_WEBSOCKET.as_bytes()).await.is_err() {
        return;
    }
    linger(stream).await;
}

/// Ends a connection so that what was sent last arrives: closing while unread bytes are left
/// would make the system discard it on its way. The caller bounds the time.
pub(super) async fn linger(stream: &mut Stream) {
    if stream.shutdown().await.is_ok() {
        let mut unread = [0; 4 << 10];
        while matches!(stream.read(&mut unread).await, Ok(1..)) {}
    }
}

fn refusal(status: StatusCode, reason: &str) -> ErrorResponse {
    let mut response = ErrorResponse::new(Some(format!("{reason}\n")));
    *response.status_mut() = status;
    let headers = [("content-type", "text/plain; charset=utf-8"), ("connection", "close")];
    for (name, value) in headers {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// Whether a web page may connect. Any page that someone has open can reach a server on their own
/// machine, so pages need leave. Programs other than browsers send no origin, or that of the
/// address they connect to; of a page the latter is believed only for an address that is no name,
/// since a name can be made to lead anywhere.
fn is_welcome(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_same = host.is_some_and(|host| !is_name(host) && origin == format!("http://{host}"));
    is_same || allowed.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
}

/// Whether `host[:port]` is looked up, and not an IP address or `localhost`.
fn is_name(host: &str) -> bool {
    use std::net::{IpAddr, SocketAddr};
    let is_address =
        host.parse::<SocketAddr>().is_ok() || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    !is_address && host.split(':').next() != Some("localhost")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use super::*;

    fn welcome(origin: Option<&str>, host: &str, allowed: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        is_welcome(&headers, &allowed.iter().map(|&origin| origin.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn programs_that_name_no_origin_are_welcome() {
        assert!(welcome(None, "127.0.0.1:4747", &[]));
        assert!(welcome(None, "signal.example.org", &[]));
    }

    #[test]
    fn an_origin_that_is_the_address_itself_is_welcome() {
        assert!(welcome(Some("http://127.0.0.1:4747"), "127.0.0.1:4747", &[]));
        assert!(welcome(Some("http://[::1]:4747"), "[::1]:4747", &[]));
        assert!(welcome(Some("http://localhost:4747"), "localhost:4747", &[]));
    }

    #[test]
    fn web_pages_are_turned_away_unless_allowed() {
        assert!(!welcome(Some("https://evil.example"), "127.0.0.1:4747", &[]));
        assert!(!welcome(Some("http://127.0.0.1:8000"), "127.0.0.1:4747", &[]));
        assert!(!welcome(Some("null"), "127.0.0.1:4747", &[]));
        assert!(welcome(Some("https://app.example"), "127.0.0.1:4747", &["https://app.example"]));
        assert!(welcome(Some("https://any.example"), "127.0.0.1:4747", &["*"]));
    }

    #[test]
    fn a_name_made_to_lead_here_does_not_help_a_page() {
        assert!(!welcome(Some("http://evil.example:4747"), "evil.example:4747", &[]));
    }
}
