//! Section 4 of the design, row by row.
