//! An engine made of its saved rows goes on as if nothing had happened.

use std::collections::BTreeMap;

use cueapi_emulator::engine::{Engine, SavedRow};

/// Carries out commands on two engines, one of which is made anew after some of them. A step is a command, after which the books
/// are checked.
pub(super) fn a_restart_changes_nothing<B, C: Clone>(
    new: impl Fn() -> B,
    engine: fn(&mut B) -> &mut Engine,
    step: impl Fn(&mut B, C),
    commands: Vec<C>,
    pause: usize,
) {
    let (mut steady, mut restarted) = (new(), new());
    let mut disk = Disk::of(engine(&mut restarted));
    for (number, command) in commands.into_iter().enumerate() {
        step(&mut steady, command.clone());
        step(&mut restarted, command);
        disk.save(engine(&mut restarted));
        if number % pause == 0 {
            *engine(&mut restarted) = Engine::restore(disk.rows()).unwrap();
            let unsaved = engine(&mut restarted).changes().unwrap();
            assert!(unsaved.is_empty(), "nothing is written twice");
        }
    }
    assert_eq!(&disk, &Disk::of(engine(&mut restarted)), "every change was noted");
    assert_eq!(&disk, &Disk::of(engine(&mut steady)), "a restart changes nothing");
}

/// Rows as a store keeps them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Disk(BTreeMap<(String, String), String>);

impl Disk {
    /// All that an engine holds.
    pub(super) fn of(engine: &mut Engine) -> Self {
        let mut disk = Self::default();
        engine.track_changes();
        disk.save(engine);
        disk
    }

    fn save(&mut self, engine: &mut Engine) {
        for change in engine.changes().unwrap() {
            let place = (change.table.to_owned(), change.key);
            match change.row {
                Some(row) => self.0.insert(place, row),
                None => self.0.remove(&place),
            };
        }
        engine.changes_saved();
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = SavedRow> {
        let rows = self.0.clone().into_iter();
        rows.map(|((table, key), row)| SavedRow { table, key, row })
    }
}
