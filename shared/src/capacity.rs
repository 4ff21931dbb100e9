//! What the database charges for the calls of one request.

/// DynamoDB capacity, in the units that are billed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Consumed {
    /// Read units.
    pub read_units: f64,
    /// Write units, indexes included.
    pub write_units: f64,
    /// Calls, retries of the SDK aside.
    pub calls: u64,
}

impl std::ops::AddAssign for Consumed {
    fn add_assign(&mut self, more: Self) {
        self.read_units += more.read_units;
        self.write_units += more.write_units;
        self.calls += more.calls;
    }
}
