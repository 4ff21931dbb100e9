//! Lines that branch, no wider than a page.

/// A text with what belongs under it.
pub(super) struct Node {
    text: String,
    children: Vec<Node>,
}

impl Node {
    pub(super) fn new(text: impl Into<String>, children: Vec<Node>) -> Self {
        Self { text: text.into(), children }
    }

    pub(super) fn leaf(text: impl Into<String>) -> Self {
        Self::new(text, Vec::new())
    }

    /// The lines of the tree. Text that is wider than `width` columns goes on in the next line.
    pub(super) fn lines(&self, width: usize) -> Vec<String> {
        let mut lines = wrapped(&self.text, width);
        for (number, child) in self.children.iter().enumerate() {
            let is_last = number + 1 == self.children.len();
            let (first, others) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            for (number, line) in child.lines(width.saturating_sub(3)).into_iter().enumerate() {
                lines.push(if number == 0 { first } else { others }.to_owned() + &line);
            }
        }
        lines
    }
}

/// The text in lines of whole words. Only a word that is too wide by itself is wider than `width` columns.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_lead_to_every_child_and_wide_text_goes_on_below_itself() {
        let tree = Node::new(
            "root",
            vec![Node::new("a bb ccc dddd", vec![Node::leaf("x"), Node::leaf("yyy zzzz")]), Node::leaf("last one")],
        );
        let expected =
            ["root", "├─ a bb", "│  ccc", "│  dddd", "│  ├─ x", "│  └─ yyy", "│     zzzz", "└─ last", "   one"];
        assert_eq!(tree.lines(9), expected);
        assert_eq!(tree.lines(80).len(), 5);
    }
}
