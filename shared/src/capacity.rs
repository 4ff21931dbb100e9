//! The capacity that DynamoDB charges for the calls of one request.

/// DynamoDB capacity, in billed units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ConsumedUnits {
    /// Read units.
    pub read_units: f64,
    /// Write units, indexes included.
    pub write_units: f64,
    /// Calls, without the SDK's retries.
    pub calls: u64,
}

impl std::ops::AddAssign for ConsumedUnits {
    fn add_assign(&mut self, more: Self) {
        self.read_units += more.read_units;
        self.write_units += more.write_units;
        self.calls += more.calls;
    }
}
