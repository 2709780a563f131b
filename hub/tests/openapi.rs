//! The document of the API is made from the code and checked in, so that a change of the API is seen where it is reviewed.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::path::Path;

#[test]
fn the_document_that_is_checked_in_is_the_one_that_the_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let made = muster_hub::openapi();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    let first = made.lines().zip(checked_in.lines()).position(|(a, b)| a != b).unwrap_or(0);
    assert!(made == checked_in, "hub/openapi.json differs from line {}: UPDATE_EXPECT=1 makes it anew", first + 1);
}

#[test]
fn every_route_that_acts_says_that_it_needs_a_token() {
    let document: serde_json::Value = serde_json::from_str(&muster_hub::openapi()).unwrap();
    let mut acting = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let needs = operation["security"][0]["token"].is_array();
            if method != "get" {
                acting += 1;
                assert!(needs, "{method} {path}");
                assert!(operation["responses"]["401"].is_object() && operation["responses"]["403"].is_object(), "{method} {path}");
            }
            assert_eq!(
                operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"],
                "#/components/schemas/Problem"
            );
            assert!(operation["operationId"].is_string() && operation["summary"].is_string(), "{method} {path} is not described");
        }
    }
    assert!(acting >= 9, "{acting}");
}
