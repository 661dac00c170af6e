//! The checks that every HTTP client must pass.
