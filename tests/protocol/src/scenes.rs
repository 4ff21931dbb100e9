//! The instances that are checked. Each is small, and looks at one side of the protocol; together they have everything in
//! them. `--appliers` and its like make larger ones.

use crate::state::{ApplyShape, Shape};
use crate::store::SourceChange;

/// An instance with a name.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What it is called.
    pub name: &'static str,
    /// Who and what there is in it.
    pub shape: Shape,
}

const fn apply(runs: usize, stages: usize) -> ApplyShape {
    ApplyShape { runs, stages, keyed: true }
}

fn scene(name: &'static str, applies: &[ApplyShape], world: SourceChange) -> Scene {
    let shape = Shape {
        applies: applies.to_vec(),
        world,
        undo: false,
        sign_in: false,
        edit: false,
        remove: false,
        removal: false,
    };
    Scene { name, shape }
}

fn with_user(mut scene: Scene) -> Scene {
    (scene.shape.undo, scene.shape.sign_in, scene.shape.edit) = (true, true, true);
    scene
}

fn with_removal(mut scene: Scene) -> Scene {
    (scene.shape.undo, scene.shape.remove) = (true, true);
    scene
}

/// A request and its retry, two stages, while the plan changes.
pub fn retry() -> Scene {
    scene("retry", &[apply(2, 2)], SourceChange::Moved)
}

/// A request and its retry, while the snapshot is deleted.
pub fn deleted() -> Scene {
    scene("deleted", &[apply(2, 1)], SourceChange::Gone)
}

/// Two stages without a key, and another apply for the same address.
pub fn keyless() -> Scene {
    scene("keyless", &[ApplyShape { runs: 1, stages: 2, keyed: false }, apply(1, 1)], SourceChange::Same)
}

/// Two applies for the same address.
pub fn rivals() -> Scene {
    scene("rivals", &[apply(1, 1), apply(1, 1)], SourceChange::Same)
}

/// A staged apply whose user is used and undone.
pub fn used() -> Scene {
    with_removal(with_user(scene("used", &[apply(1, 1)], SourceChange::Same)))
}

/// A request in one transaction, and its retry, whose user is used and undone.
pub fn at_once() -> Scene {
    with_user(scene("at once", &[apply(2, 0)], SourceChange::Same))
}

/// Two applies in one transaction for the same address, whose users are undone and removed by another system.
pub fn removed() -> Scene {
    with_removal(scene("removed", &[apply(1, 0), apply(1, 0)], SourceChange::Same))
}

/// An apply in one transaction, whose user is edited, undone, and removed by an administrator.
pub fn leaving() -> Scene {
    let mut scene = scene("leaving", &[apply(1, 0)], SourceChange::Same);
    (scene.shape.removal, scene.shape.undo, scene.shape.edit) = (true, true, true);
    scene
}

/// Two applies in one transaction for the same address, whose users are removed by an administrator or by another system.
pub fn succession() -> Scene {
    let mut scene = scene("succession", &[apply(1, 0), apply(1, 0)], SourceChange::Same);
    (scene.shape.removal, scene.shape.remove) = (true, true);
    scene
}

/// A request and two retries, while the plan changes.
pub fn retries() -> Scene {
    scene("retries", &[apply(3, 1)], SourceChange::Moved)
}

/// A request in two stages, its retry, and another apply for the same address, while the plan changes.
pub fn contest() -> Scene {
    scene("contest", &[apply(2, 2), apply(1, 1)], SourceChange::Moved)
}

/// A request in one transaction, another apply for the same address, and all that may happen to their users. With a retry it
/// has 8.5 million states: `--stages 0 --appliers 2 --others 1 --other-stages 0 --undo --sign-in --edit`.
pub fn heirs() -> Scene {
    with_user(scene("heirs", &[apply(1, 0), apply(1, 0)], SourceChange::Same))
}

/// The ones that take a second or less.
pub fn small() -> Vec<Scene> {
    vec![retry(), deleted(), keyless(), rivals(), used(), at_once(), removed(), leaving(), succession()]
}

/// All of them.
pub fn all() -> Vec<Scene> {
    [small(), vec![retries(), contest(), heirs()]].concat()
}
