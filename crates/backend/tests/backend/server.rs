//! The server: slow callers, many callers, and the end.

use std::time::{Duration, Instant};

use connect_backend::{Backend, Config};
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

fn address(world: &World) -> String {
    world.backend.strip_prefix("http://").unwrap().to_owned()
}

#[tokio::test]
async fn slow_heads_are_cut_off_and_do_not_keep_others_out() {
    let world = World::new().await;
    let began = Instant::now();
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(address(&world)).await.unwrap();
        stream.write_all(b"GET /v1/client HTTP/1.1\r\nHost: a\r\nX-Slow: ").await.unwrap();
        slow.push(stream);
    }
    assert_eq!(world.get("/v1/client").await.status(), StatusCode::OK);
    for mut stream in slow {
        let mut rest = Vec::new();
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.expect("is closed").ok();
    }
    assert!(began.elapsed() < Duration::from_secs(12));
}

#[tokio::test]
async fn a_slow_body_is_cut_off() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(address(&world)).await.unwrap();
    let head = b"POST /v1/redeem HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(head).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(16), stream.read_to_end(&mut answer)).await.expect("is closed").unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("invalid_request"), "{answer}");
}

/// The body takes six seconds and Monei longer than anybody waits: together more than either may take, and still the answer of the route.
#[tokio::test]
async fn a_slow_body_does_not_use_up_the_time_of_the_call() {
    let world = World::new().await;
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    world.fault(serde_json::json!({"target": "token", "kind": "delay", "delay_ms": 60_000})).await;
    let body = serde_json::json!({"handoff": handoff, "code_verifier": proof.verifier}).to_string();
    let head = "POST /v1/redeem HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json";
    let mut stream = TcpStream::connect(address(&world)).await.unwrap();
    stream.write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{{", body.len()).as_bytes()).await.unwrap();
    // The slowness itself.
    tokio::time::sleep(Duration::from_secs(6)).await;
    stream.write_all(&body.as_bytes()[1..]).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await.expect("is answered").unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 504 ") && answer.contains("outcome_unknown"), "{answer}");
}

#[tokio::test]
async fn a_caller_who_does_not_read_is_cut_off() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(address(&world)).await.unwrap();
    // More answers than any buffer on the way holds, so that the server has to wait for its caller.
    let requests = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1_000);
    let cut = async { while stream.write_all(&requests).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(25), cut).await.expect("is closed");
    assert_eq!(world.get("/v1/client").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(address(&world)).await.unwrap();
    stream.write_all(b"GET /v1/client HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut answer)).await.expect("is closed").unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_head_of_more_than_16_kib_is_refused() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(address(&world)).await.unwrap();
    let head = format!("GET /v1/client HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", "x".repeat(20_000));
    // The server may close before all of it is written.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn one_address_does_not_get_more_connections_than_it_may() {
    let world = World::with(&[("CONNECT_CONNECTIONS_PER_ADDRESS", "3")]).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address(&world)).await.unwrap();
        stream.write_all(b"GET /v1/client HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut first = [0; 15];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        open.push(stream);
    }
    let mut refused = TcpStream::connect(address(&world)).await.unwrap();
    let mut nothing = Vec::new();
    assert!(matches!(refused.read_to_end(&mut nothing).await, Ok(0) | Err(_)), "closed at once");
    let freed = open.pop();
    drop(freed);
    // The server notices the end of a connection a moment later: try until it has.
    let served = async {
        loop {
            if let Ok(response) = world.request(reqwest::Method::GET, format!("{}/v1/client", world.backend)).send().await {
                break response.status();
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), served).await.expect("room again"), StatusCode::OK);
}

#[tokio::test]
async fn health_and_metrics_are_private_and_count_what_happened() {
    let world = World::new().await;
    world.connect().await;
    let get = |path: &str| world.request(reqwest::Method::GET, format!("{}{path}", world.private)).send();
    assert_eq!(get("/healthz").await.unwrap().status(), StatusCode::OK);
    assert_eq!(get("/readyz").await.unwrap().status(), StatusCode::OK);
    let metrics = get("/metrics").await.unwrap().text().await.unwrap();
    for line in [
        "connect_requests_total{route=\"/v1/start\",result=\"redirect\"} 1",
        "connect_requests_total{route=\"/v1/redeem\",result=\"ok\"} 1",
        "connect_provider_calls_total{call=\"exchange\",result=\"success\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is missing: {metrics}");
    }
    assert_eq!(get("/v1/client").await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn it_stops_when_told_and_lets_the_request_under_way_finish() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let values = [
        ("MONEI_ENVIRONMENT", "sandbox"),
        ("MONEI_CLIENT_ID", CLIENT_ID),
        ("MONEI_CLIENT_SECRET", CLIENT_SECRET),
        ("CONNECT_SEALING_KEY", SEALING_KEY),
    ];
    let config =
        Config::from_lookup(&|name| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(connect_backend::serve(listener, None, Backend::new(config).unwrap(), async {
        stopped.await.ok();
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"POST /v1/redeem HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{").await.unwrap();
    let silent = TcpStream::connect(address).await.unwrap();
    // Answered, so the server has the connections above already: it accepts in order.
    reqwest::get(format!("http://{address}/v1/client")).await.unwrap();
    stop.send(()).unwrap();
    stream.write_all(b"}").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&answer));
    // Well before the silent connection's five seconds are over.
    tokio::time::timeout(Duration::from_secs(3), server).await.expect("ends").unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    drop(silent);
}
