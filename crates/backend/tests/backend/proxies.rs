//! Whose address counts behind a proxy.

use reqwest::{Method, StatusCode};

use crate::support::*;

async fn tries(world: &World, from: impl Fn(u32) -> String) -> usize {
    let mut served = 0;
    for round in 0..9 {
        let request = world.request(Method::GET, format!("{}/v1/start", world.backend)).header("x-forwarded-for", from(round));
        served += usize::from(request.send().await.unwrap().status() == StatusCode::BAD_REQUEST);
    }
    served
}

#[tokio::test]
async fn an_address_that_is_only_claimed_does_not_count() {
    let world = World::with(&[("CONNECT_PER_ADDRESS_PER_MINUTE", "3")]).await;
    assert_eq!(tries(&world, |round| format!("192.0.2.{round}")).await, 3);
}

#[tokio::test]
async fn behind_a_listed_proxy_each_caller_has_their_own_limit() {
    let world = World::with(&[("CONNECT_PER_ADDRESS_PER_MINUTE", "3"), ("CONNECT_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1")]).await;
    assert_eq!(tries(&world, |round| format!("192.0.2.{round}")).await, 9);
    assert_eq!(tries(&world, |_| "198.51.100.1".into()).await, 3);
    let made_up = |round| format!("203.0.113.{round}, 198.51.100.2");
    assert_eq!(tries(&world, made_up).await, 3, "what the caller wrote in front of the proxy's word is not believed");
}

#[tokio::test]
async fn a_listed_proxy_may_have_many_connections() {
    let values = [("CONNECT_CONNECTIONS_PER_ADDRESS", "2"), ("CONNECT_TRUSTED_PROXIES", "127.0.0.0/8")];
    let world = World::with(&values).await;
    let mut open = Vec::new();
    for _ in 0..6 {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(world.backend.strip_prefix("http://").unwrap()).await.unwrap();
        stream.write_all(b"GET /v1/client HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut first = [0; 15];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        open.push(stream);
    }
}
