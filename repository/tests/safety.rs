//! What stands for the safety of data, one file per danger; one program, as linking it takes longer than running it.

#[cfg(test)]
#[path = "safety/concurrent.rs"]
mod concurrent;
#[cfg(test)]
#[path = "safety/corrupt.rs"]
mod corrupt;
#[cfg(test)]
#[path = "safety/faults.rs"]
mod faults;
#[cfg(test)]
#[path = "safety/fixture.rs"]
mod fixture;
#[cfg(test)]
#[path = "safety/interop.rs"]
mod interop;
#[cfg(test)]
#[path = "safety/kill.rs"]
mod kill;
#[cfg(test)]
#[path = "safety/stream.rs"]
mod stream;
#[cfg(test)]
#[path = "safety/volume.rs"]
mod volume;
#[cfg(test)]
#[path = "safety/wire.rs"]
mod wire;
