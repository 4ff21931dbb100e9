//! The places of values that the rules of place distinguish.

use super::names::SecretHint;

/// Where a value stands, as far as the rules of place care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValuePlace {
    /// Nowhere special.
    Ordinary,
    /// Within an object that describes a webhook.
    Webhook,
    /// A webhook's URL: scheme and host stay.
    WebhookUrl,
    /// Webhook headers and a webhook's payload: every text and number except merge tags is removed.
    Payload,
    /// The headers of another request: what says how to talk stays.
    Headers,
    /// A field whose name says "secret": every text and number goes that does not stand for one.
    Secret,
    /// Within an object whose name says "secret": what describes it stays.
    Parts,
    /// A field called `…tokens`: texts go, but a number is a count of tokens.
    Tokens,
    /// Beside a label that says "secret", or in a list of several: what is credible goes.
    Labelled(SecretHint),
    /// A field called `pin` or the like: a number of a few digits goes.
    Pin,
    /// A JSON Schema of a secret: a default or an example of it goes.
    Schema,
    /// Within an object that gives names to names, such as a map of fields: what is credible goes.
    Names,
}

impl ValuePlace {
    /// Whether a number of so many digits goes as well.
    pub(super) fn takes_number(self, digits: usize) -> bool {
        match self {
            Self::Payload => true,
            Self::Secret => digits > 2,
            Self::Pin => (3..=8).contains(&digits),
            Self::Labelled(hint) => hint == SecretHint::Password && digits >= 4,
            _ => false,
        }
    }

    /// Where the values inside an object or a list stand, whatever their names.
    pub(super) fn inside(self) -> Self {
        if self == Self::WebhookUrl { Self::Webhook } else { self }
    }
}
