//! The emulator's page, in a real browser.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod browser;
mod hostile;
mod looks;
mod protection;
#[path = "../emulator/receiver.rs"]
#[expect(dead_code, reason = "the emulator's tests script more of its behaviours")]
mod receiver;
mod use_of_it;

use std::process::ExitCode;

use cueapi_emulator::{Builder, Clock, Emulator};
use cueapi_tests::{
    tests,
    trials::{self, CHROMEDRIVER},
};
use serde_json::Value;

use self::{browser::Browser, receiver::Receiver};

fn main() -> ExitCode {
    let without_browser = tests![
        protection::a_button_needs_the_token_of_the_page_or_the_key,
        protection::a_link_to_the_page_can_be_followed_and_nothing_else_of_it_is_for_other_sites,
        protection::every_answer_forbids_what_the_page_does_not_need,
        protection::the_page_can_be_left_out_and_is_left_out_where_others_could_look,
        protection::for_clients_there_is_nothing_at_the_root_as_on_a_server,
        protection::wishes_that_make_no_sense_are_explained,
    ];
    let with_browser = tests![
        hostile::what_looks_like_markup_is_shown_as_text,
        looks::nothing_sticks_out_in_light_and_dark_at_any_width,
        protection::a_page_on_another_port_of_this_machine_gets_nothing,
        protection::a_page_whose_name_was_made_to_point_here_gets_nothing,
        use_of_it::an_empty_emulator_tells_what_to_do_first_and_it_works,
        use_of_it::a_cue_is_fired_looked_at_paused_and_resumed,
        use_of_it::evidence_is_shown_as_it_is_reported,
        use_of_it::messages_are_shown_with_their_pushes,
        use_of_it::a_held_clock_is_advanced_with_the_mouse_and_with_the_keyboard,
        use_of_it::a_long_advance_shows_how_far_it_has_come_and_can_be_stopped,
        use_of_it::the_time_of_the_system_runs_and_cannot_be_moved,
        use_of_it::one_cue_can_be_looked_at_alone,
        use_of_it::thousands_of_executions_leave_the_page_quick,
        use_of_it::it_says_when_the_emulator_is_gone_and_does_not_keep_it_from_going,
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page");
    trials::run(folder, [(None, without_browser), (Some(CHROMEDRIVER), with_browser)])
}

/// Monday, the second of March 2026, one minute to eight.
fn held() -> Builder {
    let clock = Clock::held("2026-03-02T07:59:00Z".parse().unwrap());
    Emulator::builder().clock(clock).rate_limit(None).seed(7)
}

/// Calls the API, and expects it to be content.
async fn call(emulator: &Emulator, method: &str, path: &str, body: Value) -> Value {
    let request = reqwest::Client::new()
        .request(method.parse().unwrap(), format!("{}{path}", emulator.base_url()))
        .header("authorization", format!("Bearer {}", emulator.api_key()))
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
    serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
}
