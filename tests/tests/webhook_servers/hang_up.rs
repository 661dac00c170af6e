//! A caller that hangs up in the middle of the work: it is dropped and released at once, or goes on to its end.

use std::{convert::Infallible, sync::Arc, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, web};
use axum::{Router, extract::State, routing::post};
use bytes::Bytes;
use cueapi_webhook::{
    CueDelivery, Guard, Once, Rejection, Webhook,
    seen::MemoryStore,
    tower::{VerifiedBody, VerifyLayer},
};
use http::StatusCode;
use http_body_util::Full;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{sync::Semaphore, time::timeout};
use tower::{Layer as _, service_fn};

use crate::{
    JOB, SECRET,
    server::{FRAMEWORKS, Framework, Request, Server, now},
    webhook,
};

/// A receiver whose work takes until it is let end.
#[derive(Clone)]
struct Slow {
    webhook: Webhook,
    guard: Guard<MemoryStore>,
    begun: Arc<Semaphore>,
    may_end: Arc<Semaphore>,
}

impl axum::extract::FromRef<Slow> for Webhook {
    fn from_ref(slow: &Slow) -> Self {
        slow.webhook.clone()
    }
}

impl Slow {
    async fn receive(&self, delivery: CueDelivery) -> StatusCode {
        let work = async {
            self.begun.add_permits(1);
            self.may_end.acquire().await.map(|permit| permit.forget())
        };
        match self.guard.once(&delivery, work).await {
            Ok(Once::First(())) => StatusCode::CREATED,
            Ok(_) => StatusCode::NO_CONTENT,
            Err(error) => error.status(),
        }
    }

    async fn begin_and_hang_up(&self, server: &Server) {
        let call = tokio::spawn(server.sending(Request::signed(SECRET, now(), JOB)));
        self.begun.acquire().await.unwrap().forget();
        call.abort();
    }

    fn serve(&self, framework: Framework) -> Server {
        let listener = Server::listener();
        let address = listener.local_addr().unwrap();
        let slow = self.clone();
        match framework {
            Framework::Axum => {
                let handler = async |State(slow): State<Slow>, delivery: CueDelivery| slow.receive(delivery).await;
                let app = Router::new().route("/cues", post(handler)).with_state(slow);
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::spawn(async move { axum::serve(listener, app).await });
            }
            Framework::Actix => {
                let handler = async |slow: web::Data<Slow>, delivery: CueDelivery| {
                    let status = slow.receive(delivery).await.as_u16();
                    HttpResponse::new(actix_web::http::StatusCode::from_u16(status).unwrap())
                };
                let (webhook, slow) = (web::Data::new(self.webhook.clone()), web::Data::new(slow));
                let app = move || {
                    App::new()
                        .app_data(webhook.clone())
                        .app_data(slow.clone())
                        .route("/cues", web::post().to(handler))
                };
                tokio::spawn(HttpServer::new(app).workers(1).listen(listener).unwrap().run());
            }
            Framework::Hyper => {
                let service = VerifyLayer::new(self.webhook.clone()).layer(service_fn(
                    move |request: http::Request<Full<Bytes>>| {
                        let slow = slow.clone();
                        async move {
                            let decoded: Result<CueDelivery, Rejection> = VerifiedBody::decode(&request);
                            let mut response = http::Response::new(Full::<Bytes>::default());
                            *response.status_mut() = slow.receive(decoded.unwrap()).await;
                            Ok::<_, Infallible>(response)
                        }
                    },
                ));
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::spawn(async move {
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        let service = TowerToHyperService::new(service.clone());
                        tokio::spawn(async move {
                            let server = Builder::new(TokioExecutor::new());
                            drop(server.serve_connection(TokioIo::new(stream), service).await);
                        });
                    }
                });
            }
        }
        Server::at(address)
    }
}

fn second_attempt() -> Request {
    Request::signed(SECRET, now(), &JOB.replace("\"attempt\": 1", "\"attempt\": 2"))
}

fn slow() -> Slow {
    Slow {
        webhook: webhook(),
        guard: Guard::new(MemoryStore::default()),
        begun: Arc::new(Semaphore::new(0)),
        may_end: Arc::new(Semaphore::new(0)),
    }
}

#[tokio::test]
async fn work_is_dropped_and_released_when_the_caller_hangs_up() {
    for framework in [Framework::Axum, Framework::Hyper] {
        let slow = slow();
        let server = slow.serve(framework);
        slow.begin_and_hang_up(&server).await;

        // Another attempt runs, long before the lease has run out.
        let send = || server.sending(second_attempt());
        let mut sending = Box::pin(send());
        let begun_again = async {
            loop {
                tokio::select! {
                    answer = &mut sending => assert_eq!(answer.0, 503, "{framework:?}: not released yet"),
                    permit = slow.begun.acquire() => break permit.unwrap().forget(),
                }
                sending.set(send());
            }
        };
        let released = timeout(Duration::from_secs(20), begun_again).await;
        assert!(released.is_ok(), "{framework:?}: not released");
        slow.may_end.add_permits(1);
        assert_eq!(sending.await.0, 201, "{framework:?}");
        assert_eq!(server.send(second_attempt()).await.0, 204, "{framework:?}: it is done");
    }
}

#[tokio::test]
async fn work_goes_on_in_actix_web_when_the_caller_hangs_up() {
    let slow = slow();
    let server = slow.serve(Framework::Actix);
    slow.begin_and_hang_up(&server).await;
    assert_eq!(server.send(second_attempt()).await.0, 503);
    slow.may_end.add_permits(1);
    let done = async { while server.send(second_attempt()).await.0 == 503 {} };
    timeout(Duration::from_secs(20), done).await.unwrap();
    assert_eq!(server.send(second_attempt()).await.0, 204);
    assert_eq!(slow.begun.available_permits(), 0, "it was not begun again");
}

#[tokio::test]
async fn an_attempt_that_comes_while_the_one_before_it_is_worked_on_is_put_off_and_then_a_repetition() {
    for framework in FRAMEWORKS {
        let slow = slow();
        let server = slow.serve(framework);
        let first = tokio::spawn(server.sending(Request::signed(SECRET, now(), JOB)));
        slow.begun.acquire().await.unwrap().forget();
        assert_eq!(server.send(second_attempt()).await.0, 503, "{framework:?}");
        slow.may_end.add_permits(1);
        assert_eq!(first.await.unwrap().0, 201, "{framework:?}");
        assert_eq!(server.send(second_attempt()).await.0, 204, "{framework:?}");
    }
}
