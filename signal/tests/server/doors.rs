//! Who is let in, and what the others are told.

use super::*;

#[tokio::test]
async fn one_connection_too_many_is_told_why_and_place_is_made_by_an_end() {
    let server = Running::start(Options { max_connections_per_address: 1, ..Options::default() }).await;
    let peer = server.connect().await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let refused = client_async(format!("ws://{}/", server.address), stream).await.unwrap_err();
    let tungstenite::Error::Http(response) = refused else { panic!("{refused}") };
    assert_eq!(response.status(), 503);
    drop(peer);
    let freed = async {
        loop {
            let stream = TcpStream::connect(server.address).await.unwrap();
            if client_async(format!("ws://{}/", server.address), stream).await.is_ok() {
                break;
            }
        }
    };
    timeout(PATIENCE, freed).await.expect("no place is made");
}

#[tokio::test]
async fn who_is_told_what_was_wrong_takes_a_place_meanwhile() {
    let server = Running::start(Options { max_connections: 1, ..Options::default() }).await;
    let refused = async {
        loop {
            let mut wrong = Raw::connect(&server).await;
            wrong.say(b"GET / HTTP/1.1\r\n\r\n").await;
            let is_told = wrong.hear_head().await.starts_with("HTTP/1.1 426 ");
            let mut other = Raw::connect(&server).await;
            other.say(UPGRADE).await;
            if is_told && other.hear_head().await.starts_with("HTTP/1.1 503 ") {
                break;
            }
        }
    };
    timeout(PATIENCE, refused).await.expect("there is no bound to those who are told");
}

#[tokio::test]
async fn a_browser_is_told_what_this_is() {
    let server = Running::start(Options::default()).await;
    for request in [
        "GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: here\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ] {
        let mut raw = Raw::connect(&server).await;
        raw.say(request.as_bytes()).await;
        let answer = raw.hear_all().await;
        assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
        assert!(answer.contains("ultrawave signaling server"), "{answer}");
    }
}

#[tokio::test]
async fn a_web_page_connects_only_when_its_origin_is_allowed() {
    let origin = "https://app.example";
    for (allowed, expected) in [(vec![], Some(403)), (vec![origin.to_owned()], None)] {
        let server = Running::start(Options { allowed_origins: allowed, ..Options::default() }).await;
        let mut request = format!("ws://{}/", server.address).into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let stream = TcpStream::connect(server.address).await.unwrap();
        let status = match client_async(request, stream).await {
            Ok(_) => None,
            Err(tungstenite::Error::Http(response)) => Some(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(status, expected);
    }
}
