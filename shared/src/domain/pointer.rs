//! JSON pointers (RFC 6901), by which messages and records name a place.

/// The pointer to the place that `segments` lead to: object keys and array indexes, as they are.
pub fn pointer<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> String {
    let mut pointer = String::new();
    for segment in segments {
        push(&mut pointer, segment.as_ref());
    }
    pointer
}

/// Adds one segment to a pointer.
pub(super) fn push(pointer: &mut String, segment: &str) {
    pointer.push('/');
    pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_tilde_and_slash() {
        assert_eq!(pointer::<&str>([]), "");
        assert_eq!(pointer(["pipelineMapping", "a/b", "~1"]), "/pipelineMapping/a~1b/~01");
        assert_eq!(pointer([""]), "/");
    }
}
