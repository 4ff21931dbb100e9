//! Projection expressions: which attributes a read returns.

/// Returns the steps of each attribute's path with their placeholders, because some names are reserved words.
pub(super) fn names<'a>(attributes: &'a [&'a str]) -> impl Iterator<Item = (String, &'a str)> {
    let steps = |(index, path): (usize, &'a &'a str)| {
        path.split('.').enumerate().map(move |(depth, step)| (placeholder(index, depth), step))
    };
    attributes.iter().enumerate().flat_map(steps)
}

fn placeholder(index: usize, depth: usize) -> String {
    format!("#p{index}_{depth}")
}

pub(super) fn projection(attributes: &[&str]) -> String {
    let path = |(index, path): (usize, &&str)| {
        let steps: Vec<String> = (0..path.split('.').count()).map(|depth| placeholder(index, depth)).collect();
        steps.join(".")
    };
    attributes.iter().enumerate().map(path).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_a_projection_is_a_placeholder_that_stands_for_a_name() {
        let attributes = ["SK", "document.name"];
        assert_eq!(projection(&attributes), "#p0_0, #p1_0.#p1_1");
        let named: Vec<_> = names(&attributes).map(|(name, attribute)| format!("{name}={attribute}")).collect();
        assert_eq!(named, ["#p0_0=SK", "#p1_0=document", "#p1_1=name"]);
    }
}
