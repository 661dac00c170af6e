//! A server may know more than this SDK, or less: for every generated model, what it adds, leaves out or renames breaks
//! nothing, and what it says is kept.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use cueapi_core::{ErrorKind, testing};
use cueapi_tests::{
    golden,
    models::{Field, Kind, Model, lists, models},
};
use cueapi_types::{ApiError, ErrorCode, UnreadableRow};
use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

/// What a server of another version does to a field.
#[derive(Clone, Copy, Debug)]
enum Change {
    Leave,
    Remove,
    Null,
    /// A value that no version of the SDK knows.
    Rename,
    /// A number or a time that no Rust type holds, or something else in its place.
    Stretch(usize),
}

/// What stands where a number or a time should.
const STRETCHED: &[&str] = &[
    "1e21",
    "-1e21",
    "-1",
    "1.5",
    "9223372036854775808",
    "\"9999-12-31T23:59:59Z\"",
    "\"9999-12-31T23:59:59-05:00\"",
    "\"0000-00-00T00:00:00Z\"",
    "\"soon\"",
    "\"\"",
    "true",
    "[1]",
    "{\"a\":null}",
];

/// A model, what is done to each of its fields, and where members that nobody knows are added.
fn versions() -> impl Strategy<Value = (Model, Vec<Change>, Vec<Index>)> {
    let change = prop_oneof![
        select(vec![Change::Leave, Change::Remove, Change::Null, Change::Rename]),
        (0..STRETCHED.len()).prop_map(Change::Stretch),
    ];
    select(models().to_vec()).prop_flat_map(move |model| {
        let changes = proptest::collection::vec(change.clone(), model.fields.len());
        (Just(model), changes, proptest::collection::vec(any::<Index>(), 0..4))
    })
}

fn apply(sample: &mut Value, field: &Field, change: Change) {
    let Some(members) = sample.as_object_mut() else { return };
    match change {
        Change::Remove if !field.required => drop(members.remove(field.name)),
        Change::Null if !field.required => drop(members.insert(field.name.to_owned(), Value::Null)),
        Change::Stretch(with) if field.kind == Kind::Ranged => {
            let stretched = serde_json::from_str(STRETCHED[with]).unwrap();
            members.insert(field.name.to_owned(), stretched);
        }
        Change::Rename if field.kind == Kind::Enum => drop(members.insert(field.name.to_owned(), json!("brand_new"))),
        _ => {}
    }
}

/// Every object in a value, as a JSON pointer.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(at.to_owned());
            members
                .iter()
                .for_each(|(key, value)| objects(value, &format!("{at}/{key}"), found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| objects(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

#[test]
fn nothing_of_any_model_is_lost() {
    for model in models() {
        let sample = model.sample();
        let again = model
            .again(&sample)
            .unwrap_or_else(|error| panic!("{}: {error}", model.name));
        assert_eq!(golden::differences(&sample, &again), [], "{}", model.name);
    }
}

#[test]
fn what_a_server_of_another_version_adds_leaves_out_or_renames_breaks_no_model() {
    let mut runner = TestRunner::new(ProptestConfig::with_cases(4_000));
    let result = runner.run(&versions(), |(model, changes, additions)| {
        let mut said = model.sample();
        for (field, change) in model.fields.iter().zip(changes) {
            apply(&mut said, field, change);
        }
        let mut sent = said.clone();
        for index in additions {
            let mut places = Vec::new();
            objects(&sent, "", &mut places);
            let place = index.get(&places);
            if let Some(Value::Object(members)) = sent.pointer_mut(place) {
                members.insert("added_next_year".to_owned(), json!("x"));
            }
        }
        let again = model.again(&sent);
        let again = again.map_err(|error| TestCaseError::fail(format!("{}: {error}: {sent}", model.name)))?;
        // What is not known goes; everything else is what was said. (What may hold anything keeps what it does not know.)
        let lost: Vec<_> = golden::differences(&said, &again)
            .into_iter()
            .filter(|difference| !difference.at.ends_with(".added_next_year"))
            .collect();
        prop_assert!(lost.is_empty(), "{}: {:?}", model.name, lost);
        Ok(())
    });
    result.unwrap();
}

/// A row like the model's sample, with another id.
fn row(model: &Model, id: usize) -> Value {
    let mut row = model.sample();
    row[model.fields[0].name] = json!(format!("row-{id}"));
    row
}

/// What a server may do to a member of a row: whatever it is, its neighbours are read.
fn hostile() -> impl Strategy<Value = Option<Value>> {
    let retyped = STRETCHED.iter().map(|text| serde_json::from_str(text).ok());
    let retyped: Vec<Option<Value>> = retyped.chain([None, Some(Value::Null), Some(json!(["x"]))]).collect();
    select(retyped)
}

#[test]
fn a_hostile_row_hides_none_of_its_neighbours_in_any_list() {
    let mut runner = TestRunner::new(ProptestConfig::with_cases(2_000));
    let list = select(lists().to_vec());
    let result = runner.run(
        &(list, any::<Index>(), hostile(), 0_usize..3),
        |(list, member, with, place)| {
            let model = models().iter().find(|model| model.name == list.row).unwrap();
            let mut rows: Vec<Value> = (0..3).map(|id| row(model, id)).collect();
            let member = model.fields[member.index(model.fields.len())].name;
            // serde reads the fields of a struct from an array, too.
            prop_assume!(!(rows[place][member].is_object() && with.as_ref().is_some_and(Value::is_array)));
            let members = rows[place].as_object_mut().unwrap();
            match with {
                Some(value) => drop(members.insert(member.to_owned(), value)),
                None => drop(members.remove(member)),
            }
            let answer = list.answer(rows);

            let listed = list
                .read(&answer.to_string())
                .map_err(|error| TestCaseError::fail(format!("{}: {error}: {answer}", list.operation)))?;
            let places: Vec<usize> = listed.unreadable.iter().map(UnreadableRow::index).collect();
            prop_assert_eq!(listed.read + places.len(), 3, "{}: nothing is dropped", list.operation);
            prop_assert!(
                places.iter().all(|index| *index == place),
                "{}: {:?}",
                list.operation,
                places
            );
            // Escalation without `email` sends one: that default is not false, so it shows where it was left out.
            let changed: Vec<_> = golden::differences(&answer, &listed.again)
                .into_iter()
                .filter(|difference| !difference.at.ends_with(".on_failure.email"))
                .collect();
            prop_assert_eq!(changed, [], "{}: {}", list.operation, answer);
            Ok(())
        },
    );
    result.unwrap();
}

#[test]
fn every_list_of_the_api_is_in_the_table() {
    let operations: Vec<&str> = lists().iter().map(|list| list.operation).collect();
    for operation in [
        "cues.list",
        "cues.get",
        "executions.list_claimable",
        "live_sessions.list",
        "agents.roster",
        "events.pull",
    ] {
        assert!(operations.contains(&operation), "{operation}");
    }
}

#[test]
fn a_model_insists_on_nothing_but_what_it_is_about() {
    for model in models() {
        for field in model.fields {
            let mut sample = model.sample();
            sample.as_object_mut().unwrap().remove(field.name);
            assert_eq!(
                model.again(&sample).is_err(),
                field.required,
                "{} without {}",
                model.name,
                field.name
            );
        }
    }
}

proptest! {
    #[test]
    fn any_error_code_is_kept_with_any_status(code in "[a-z_]{1,40}", status in 400_u16..600) {
        let code = format!("new_{code}");
        let body = json!({"error": {"code": code, "message": "m", "status": status, "more": {"a": 1}}}).to_string();
        let error = ApiError::from_body(body.as_bytes()).unwrap();
        prop_assert!(matches!(error.code, ErrorCode::Unrecognized(_)));

        let replay = testing::ReplayClient::new([testing::json(status, body)]);
        let client = replay.builder().retry(cueapi_core::RetryPolicy::none()).build().unwrap();
        let error = testing::run(client.cues().get("cue_1").send()).unwrap_err();
        prop_assert_eq!(error.api().unwrap().code.as_str(), &code);
        prop_assert_ne!(error.kind(), ErrorKind::Decode);
        prop_assert_eq!(error.status().unwrap().as_u16(), status);
    }
}
