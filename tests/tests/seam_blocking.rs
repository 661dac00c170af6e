//! The blocking client in async code, whose thread it would hold up: an error, never a panic, and not where it may block.

use cueapi_core::ErrorKind;
use cueapi_emulator::Emulator;

fn advice(error: &cueapi_core::Error) -> bool {
    let text = error.to_string();
    error.kind() == ErrorKind::Build && text.contains("async client") && text.contains("spawn_blocking")
}

fn build() -> Result<cueapi_reqwest::BlockingClient, cueapi_core::Error> {
    cueapi_reqwest::blocking::client("cue_sk_test")
}

#[tokio::test]
async fn building_it_in_async_code_says_what_to_do_instead() {
    let error = build().expect_err("this is async code");
    assert!(advice(&error), "{error}");
    let error = tokio::spawn(async { build().expect_err("so is a task") })
        .await
        .expect("no panic");
    assert!(advice(&error), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn using_and_dropping_it_in_async_code_does_no_harm() {
    let client = tokio::task::spawn_blocking(build)
        .await
        .expect("no panic")
        .expect("it may block");
    let error = client.workers().list().send().expect_err("this is async code");
    assert!(advice(&error), "{error}");
    assert_eq!((error.attempts(), error.may_have_executed()), (1, false));
    drop(client);
}

#[tokio::test]
async fn where_blocking_is_allowed_it_works() {
    let emulator = Emulator::start().await.expect("loopback");
    let builder = cueapi_reqwest::blocking::builder(emulator.api_key()).base_url(emulator.base_url());
    let error = builder.build_blocking().expect_err("this is async code");
    assert!(advice(&error), "{error}");

    let (key, url) = (emulator.api_key().to_owned(), emulator.base_url().to_owned());
    let work = move || {
        let client = cueapi_reqwest::blocking::builder(key).base_url(url).build_blocking()?;
        client.workers().list().send()
    };
    let workers = tokio::task::spawn_blocking(work.clone())
        .await
        .expect("no panic")
        .expect("a list");
    assert!(workers.workers.is_empty());
    // A thread of one's own that knows the runtime may block as well.
    let runtime = tokio::runtime::Handle::current();
    let thread = std::thread::spawn(move || {
        let _guard = runtime.enter();
        work()
    });
    let joined = tokio::task::spawn_blocking(move || thread.join())
        .await
        .expect("no panic");
    assert!(joined.expect("no panic").is_ok());
}

#[tokio::test]
async fn asking_takes_nothing_of_a_task_s_budget() {
    for _ in 0..100 {
        assert!(build().is_err());
        assert!(tokio::task::coop::has_budget_remaining());
    }
}

#[test]
fn a_program_without_a_runtime_has_it_for_itself() {
    let client = build().expect("nothing in its way");
    let other = client.clone();
    std::thread::spawn(move || drop(other)).join().expect("no panic");
    drop(client);
}
