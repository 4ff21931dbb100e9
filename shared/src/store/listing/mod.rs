//! What lists in the order of time share: positions, pages, and the merge of several partitions into one list.

pub(in crate::store) mod merge;
pub(in crate::store) mod position;
