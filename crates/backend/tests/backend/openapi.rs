//! The described interface is the real one.

use std::collections::BTreeSet;

use connect_backend::{Code, routes};
use serde_json::Value;

use crate::support::*;

async fn document(world: &World) -> Value {
    world.get("/openapi.json").await.json().await.unwrap()
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn it_describes_exactly_the_routes() {
    let document = document(&World::new().await).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let described: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase())))
        .collect();
    let real: BTreeSet<_> = routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, real);
}

#[tokio::test]
async fn it_lists_every_code_and_no_other() {
    let document = document(&World::new().await).await;
    let listed = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].as_array().unwrap();
    let real: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(*listed, real);
    let text = document["info"]["description"].as_str().unwrap();
    for code in Code::ALL {
        assert!(text.contains(&format!("| `{}` | {} |", code.as_str(), code.status().as_u16())), "{} is not explained", code.as_str());
    }
}

#[tokio::test]
async fn answers_and_bodies_have_the_described_shape() {
    let world = World::new().await;
    let document = document(&world).await;
    let schema = |name: &str| &document["components"]["schemas"][name];
    let tokens = world.connect().await;
    let client: Value = world.get("/v1/client").await.json().await.unwrap();
    let refusal: Value = world.redeem("x", "y").await.json().await.unwrap();
    for (name, answer) in [("Tokens", &tokens), ("Client", &client), ("Problem", &refusal)] {
        let described = names(&schema(name)["properties"]);
        assert!(names(answer).is_subset(&described), "{name}: {answer} is not as described: {described:?}");
        for required in schema(name)["required"].as_array().unwrap() {
            assert!(answer.get(required.as_str().unwrap()).is_some(), "{name} has no {required}");
        }
    }
    let fields = [
        ("Redeem", vec!["code_verifier", "handoff"]),
        ("Refresh", vec!["refresh_token"]),
        ("Revoke", vec!["access_token", "refresh_token"]),
    ];
    for (name, expected) in fields {
        let described = schema(name);
        assert_eq!(names(&described["properties"]), expected.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(described["required"].as_array().unwrap().len(), expected.len());
        assert_eq!(described["additionalProperties"], false, "{name}");
    }
    for path in ["/v1/redeem", "/v1/refresh", "/v1/revoke"] {
        let operation = &document["paths"][path]["post"];
        assert!(operation["requestBody"]["content"]["application/json"].is_object(), "{path}");
        assert!(operation["responses"]["default"].is_object(), "{path}");
    }
}
