//! An engine made of its saved rows goes on as if nothing had happened.

use std::collections::BTreeMap;

use cueapi_emulator::engine::{Engine, SavedRow};

/// One who gives an engine commands.
pub(super) trait Restarted {
    type Command: Clone;

    fn engine(&mut self) -> &mut Engine;

    fn carry_out(&mut self, command: Self::Command);

    /// That the books balance.
    fn check(&mut self);
}

/// Carries out commands on two engines, one of which is made anew after some of them.
pub(super) fn a_restart_changes_nothing<R: Restarted>(new: impl Fn() -> R, commands: Vec<R::Command>, pause: usize) {
    let (mut steady, mut restarted) = (new(), new());
    let mut disk = Disk::of(restarted.engine());
    for (step, command) in commands.into_iter().enumerate() {
        steady.carry_out(command.clone());
        restarted.carry_out(command);
        steady.check();
        restarted.check();
        disk.save(restarted.engine());
        if step % pause == 0 {
            *restarted.engine() = Engine::restore(disk.rows()).unwrap();
            assert!(
                restarted.engine().changes().unwrap().is_empty(),
                "nothing is written twice"
            );
        }
    }
    assert_eq!(&disk, &Disk::of(restarted.engine()), "every change was noted");
    assert_eq!(&disk, &Disk::of(steady.engine()), "a restart changes nothing");
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
