//! Functions that act on plain objects of the profile's bucket.

pub(crate) mod location_delete;
