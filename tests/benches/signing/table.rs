//! The table: a row for each way to verify and for each comparison, a column for each body.

/// What one body costs, in nanoseconds.
pub(crate) struct Times {
    pub(crate) length: usize,
    pub(crate) bare: f64,
    pub(crate) as_received: f64,
    pub(crate) standardwebhooks: f64,
    /// None where there is no Python, or no SDK for it.
    pub(crate) python: Option<f64>,
    pub(crate) re_encoded: f64,
    pub(crate) form: f64,
    pub(crate) value: f64,
}

struct Row {
    name: &'static str,
    value: fn(&Times) -> Option<f64>,
    show: fn(f64) -> String,
    wanted: &'static str,
    is_good: fn(&Times, f64) -> bool,
}

const fn time(name: &'static str, value: fn(&Times) -> Option<f64>) -> Row {
    Row {
        name,
        value,
        show: |nanos| format!("{:.2} µs", nanos / 1e3),
        wanted: "",
        is_good: |_, _| true,
    }
}

const fn ratio(
    name: &'static str,
    value: fn(&Times) -> Option<f64>,
    wanted: &'static str,
    is_good: fn(&Times, f64) -> bool,
) -> Row {
    Row {
        name,
        value,
        show: |ratio| format!("{ratio:.2} ×"),
        wanted,
        is_good,
    }
}

const ROWS: [Row; 14] = [
    time("bare keyed HMAC-SHA256 of the same", |t| Some(t.bare)),
    time("**as received**: `Verifier::verify`", |t| Some(t.as_received)),
    ratio(
        "… of the bare HMAC",
        |t| Some(t.as_received / t.bare),
        "≤ 1.05; 1.25 at 256 B",
        |t, ratio| ratio <= if t.length < 1000 { 1.25 } else { 1.05 },
    ),
    time("`standardwebhooks`", |t| Some(t.standardwebhooks)),
    ratio(
        "… of ours",
        |t| Some(t.standardwebhooks / t.as_received),
        "",
        |_, _| true,
    ),
    time("Python SDK, `verify_webhook`", |t| t.python),
    ratio(
        "… of ours",
        |t| Some(t.python? / t.as_received),
        "≥ 30",
        |_, ratio| ratio >= 30.0,
    ),
    time("**re-encoded**: `Verifier::canonical`", |t| Some(t.re_encoded)),
    ratio(
        "… of the bare HMAC",
        |t| Some(t.re_encoded / t.bare),
        "≤ 3, better 2",
        |_, ratio| ratio <= 3.0,
    ),
    time("`serde_json::Value`, parse and print", |t| Some(t.value)),
    ratio(
        "… of ours with its HMAC",
        |t| Some(t.value / t.re_encoded),
        "",
        |_, _| true,
    ),
    time("the canonical form alone", |t| Some(t.form)),
    ratio("… of the bare HMAC", |t| Some(t.form / t.bare), "", |_, _| true),
    ratio(
        "`Value` of the form",
        |t| Some(t.value / t.form),
        "≥ 4",
        |_, ratio| ratio >= 4.0,
    ),
];

pub(crate) fn print(title: &str, times: &[Times]) {
    let columns =
        |cell: &dyn Fn(&Times) -> String| times.iter().map(|t| format!(" {:>11} |", cell(t))).collect::<String>();
    println!("| {title:<37} |{} wanted |", columns(&|t| format!("{} B", t.length)));
    println!(
        "|{}|{}---|",
        "-".repeat(39),
        columns(&|_| "---".to_owned()).replace(' ', "-")
    );
    for row in &ROWS {
        let cell = |t: &Times| match (row.value)(t) {
            Some(value) if (row.is_good)(t, value) => (row.show)(value),
            Some(value) => format!("✗ {}", (row.show)(value)),
            None => "–".to_owned(),
        };
        println!("| {:<37} |{} {} |", row.name, columns(&cell), row.wanted);
    }
}
