//! The sizes that API Gateway and Lambda allow.

use super::*;

#[tokio::test]
async fn an_event_of_6_mb_passes_and_one_byte_more_does_not() {
    // Of another type it would be base64.
    let posted = || Request::post("/api/user-snapshots").header("content-type", "application/json");
    let length_of_the_event = |body: usize| {
        let (parts, ()) = posted().body(()).unwrap().into_parts();
        let request_id = "6a06e0900101010101010101".to_owned();
        let at = Timestamp::from_millis(1_778_835_600_000);
        let arrival = Arrival { host: "127.0.0.1:3000", peer: "10.1.2.3:49152".parse().unwrap(), request_id, at };
        let matched = route::find(&parts.method, "/api/user-snapshots");
        serde_json::to_string(&Event::new(&parts, "x".repeat(body).as_bytes(), matched.as_ref(), &arrival))
            .unwrap()
            .len()
    };
    let around = length_of_the_event(1_000_000) - 1_000_000;
    for (length, expected) in [(MAX_EVENT - 1, 200), (MAX_EVENT, 200), (MAX_EVENT + 1, 413)] {
        let gateway = gateway(|_, request| {
            Box::pin(async move { Ok(Response::new(Body::Text(request.body().len().to_string()))) })
        });
        let body = length - around;
        assert_eq!(length_of_the_event(body), length);
        let (status, answer) = send(&gateway, posted(), "x".repeat(body)).await;
        assert_eq!(status, expected, "{length}");
        let expected = if status == 200 { json!(body) } else { json!({"message": "Request Entity Too Large"}) };
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn a_body_above_10_mb_is_refused_before_it_is_an_event() {
    for length in [MAX_BODY, MAX_BODY + 1] {
        let (status, answer) = send(&mirror(), Request::post("/api/user-snapshots"), "x".repeat(length)).await;
        assert_eq!((status, answer), (413, json!({"message": "Request Entity Too Large"})), "{length}");
    }
    for (length, fits) in [(MAX_BODY - 1, true), (MAX_BODY, true), (MAX_BODY + 1, false)] {
        assert_eq!(read_body(HttpBody::from("x".repeat(length))).await.is_ok(), fits, "{length}");
    }
}

#[tokio::test]
async fn lambda_takes_events_of_6_mb_and_of_1_mb_where_nobody_waits() {
    for (kind, limit) in [("RequestResponse", MAX_EVENT), ("Event", MAX_ASYNCHRONOUS_EVENT)] {
        for (length, fits) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
            let response = invoke("FailingFunction", Some(kind), &format!("{}7", " ".repeat(length - 1))).await;
            assert_eq!(response.status() != 413, fits, "{kind}, {length}: {}", response.status());
            let error_type = header(&response, "x-amzn-errortype");
            assert_eq!(error_type, (!fits).then_some("RequestTooLargeException"), "{kind}, {length}");
        }
    }
}

#[tokio::test]
async fn an_answer_of_6_mb_passes_and_one_byte_more_does_not() {
    // A quote of the body is two bytes of the answer, and a control character is six, as Lambda gets them.
    for (filler, bytes) in [("x", 1), ("\"", 2), ("\u{1}", 6)] {
        let around = length_of_an_answer("").await;
        for (length, fits) in [(MAX_ANSWER - 1, true), (MAX_ANSWER, true), (MAX_ANSWER + 1, false)] {
            let body = filler.repeat((length - around) / bytes) + &"x".repeat((length - around) % bytes);
            assert_eq!(length_of_an_answer(&body).await, length);
            let response = send_for(&answering(&body)).await;
            if fits {
                assert_eq!((response.status().as_u16(), response.body().len()), (200, body.len()), "{length}");
            } else {
                assert_eq!(
                    (response.status().as_u16(), &response.body()[..]),
                    (500, &br#"{"message":"Internal Server Error"}"#[..])
                );
            }
        }
    }
}

/// A gateway whose functions answer with this body.
fn answering(body: &str) -> Gateway {
    let body = body.to_owned();
    gateway(move |_, _| {
        let body = body.clone();
        Box::pin(async move { Ok(Response::new(Body::Text(body))) })
    })
}

async fn send_for(gateway: &Gateway) -> Response<Vec<u8>> {
    answered(gateway, Request::get("/health"), HttpBody::empty()).await
}

/// How many bytes Lambda gets for an answer with this body.
async fn length_of_an_answer(body: &str) -> usize {
    let (body, context) = (body.to_owned(), Context::default());
    let (parts, ()) = Request::get("/health").body(()).unwrap().into_parts();
    let arrival = Arrival {
        host: "127.0.0.1:3000",
        peer: "10.1.2.3:49152".parse().unwrap(),
        request_id: "6a06e0900101010101010101".to_owned(),
        at: Timestamp::from_millis(0),
    };
    let event = serde_json::to_string(&Event::new(&parts, b"", None, &arrival)).unwrap();
    let answer = run_http(event, context, move |_| {
        let body = body.clone();
        Box::pin(async move { Ok(Response::new(Body::Text(body))) })
    });
    answer.await.unwrap().to_string().len()
}

#[tokio::test]
async fn an_answer_to_an_invocation_is_refused_above_6_mb() {
    let around = r#"{"event":"","deadline":1778835629000}"#.len();
    for (length, error) in [(MAX_ANSWER - 1, None), (MAX_ANSWER, None), (MAX_ANSWER + 1, Some("Unhandled"))] {
        let text = "x".repeat(length - around);
        let invoked =
            started(async move { Ok(json!({"event": text, "deadline": 1_778_835_629_000_u64})) }, FUNCTION_TIMEOUT);
        let response = invocation::answer(ended(invoked).await);
        assert_eq!((response.status().as_u16(), header(&response, "x-amz-function-error")), (200, error), "{length}");
        if error.is_some() {
            let body: Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(body["errorType"], "Function.ResponseSizeTooLarge");
        }
    }
}

#[tokio::test]
async fn request_line_and_headers_have_at_most_10_240_bytes() {
    let fixed = "GET".len() + "/health".len() + "x-long".len() + "host".len() + HOST.len();
    for (length, expected) in [(MAX_HEADERS - 1, 200), (MAX_HEADERS, 200), (MAX_HEADERS + 1, 431)] {
        let request = Request::get("/health").header("x-long", "x".repeat(length - fixed));
        assert_eq!(send(&mirror(), request, "").await.0, expected, "{length}");
    }
}
