//! How a stream is cut into parts: small ones first, since most dumps are short, larger ones later, since S3 takes ten thousand.
//!
//! Pure arithmetic; the table is section 3.2 of the data path's design.

const MIB: u64 = 1 << 20;

/// Parts that S3 takes for one object.
const LAST: u32 = 10_000;

/// Size of parts from number `from` on, and how many of them may be in memory.
struct Step {
    from: u32,
    size: u64,
    in_memory: usize,
}

const STEPS: [Step; 4] = [
    Step {
        from: 1,
        size: 8 * MIB,
        in_memory: 8,
    },
    Step {
        from: 2_501,
        size: 16 * MIB,
        in_memory: 4,
    },
    Step {
        from: 5_001,
        size: 32 * MIB,
        in_memory: 2,
    },
    Step {
        from: 7_501,
        size: 256 * MIB,
        in_memory: 2,
    },
];

/// Sizes of the parts of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// The length is not known: the table.
    Growing,
    /// The length is known: one size for all parts.
    Fixed(u64),
}

impl Plan {
    /// The plan for a stream of `size` bytes, or of any number.
    pub(super) fn new(size: Option<u64>) -> Self {
        // A little below ten thousand parts, so that rounding never needs one more.
        size.map_or(Self::Growing, |size| {
            Self::Fixed(size.div_ceil(9_900).max(8 * MIB))
        })
    }

    /// Bytes of part `number`, counted from 1; `None` when S3 takes no such part.
    pub(super) fn size(self, number: u32) -> Option<u64> {
        if number > LAST {
            return None;
        }
        match self {
            Self::Growing => Some(step(number).size),
            Self::Fixed(size) => Some(size),
        }
    }

    /// How many parts may be in memory while part `number` is filled, itself included.
    pub(super) fn in_memory(self, number: u32) -> usize {
        match self {
            Self::Growing => step(number).in_memory,
            Self::Fixed(size) => usize::try_from(64 * MIB / size).unwrap_or(2).max(2),
        }
    }
}

fn step(number: u32) -> &'static Step {
    STEPS
        .iter()
        .rev()
        .find(|step| number >= step.from)
        .unwrap_or(&STEPS[0])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(plan: Plan, parts: u32) -> u64 {
        (1..=parts).map(|number| plan.size(number).unwrap()).sum()
    }

    #[test]
    fn the_table() {
        let plan = Plan::new(None);
        let ends = [2_500, 5_000, 7_500, 10_000].map(|end| total(plan, end) / MIB);
        assert_eq!(ends, [20_000, 60_000, 140_000, 780_000]);
        assert_eq!(
            [1, 2_501, 5_001, 7_501].map(|number| plan.in_memory(number)),
            [8, 4, 2, 2]
        );
        assert_eq!((plan.size(10_000), plan.size(10_001)), (Some(256 * MIB), None));
    }

    #[test]
    fn memory_stays_below_the_bound() {
        for number in [1, 2_500, 2_501, 5_000, 5_001, 7_500] {
            let plan = Plan::new(None);
            assert!(plan.size(number).unwrap() * plan.in_memory(number) as u64 <= 64 * MIB);
        }
    }

    proptest! {
        #[test]
        fn a_known_size_fits(size in 0_u64..5 << 40) {
            let plan = Plan::new(Some(size));
            let part = plan.size(1).unwrap();
            prop_assert!((8 * MIB..=5 << 30).contains(&part));
            prop_assert!(size.div_ceil(part) <= 9_900);
            prop_assert!(plan.in_memory(1) >= 2);
        }
    }
}
