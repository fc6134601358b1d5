//! `stream`: what a program writes, stored only when the program ended well.

use mainstay_repository::Watch;
use mainstay_repository::object::{self, Producer};

use super::location;
use crate::arguments::Stream;
use crate::exit::Failure;

/// Performs one `stream` command.
pub(super) async fn run(stream: Stream, watch: Watch) -> Result<(), Failure> {
    let Stream::Push { place, program } = stream;
    let mut words = program.into_iter();
    let Some(program) = words.next() else {
        return Err(Failure::unusable("a program is needed behind --"));
    };
    let producer = Producer {
        program,
        arguments: words.collect(),
    };
    let (store, key) = location::open(&place).await?;
    object::push_output(&store, &key, &producer, &watch).await?;
    Ok(())
}
