//! The files that people read.

use std::path::{Path, PathBuf};

/// Names of folders and files that are not read: built, generated, or not ours.
const SKIPPED: [&str; 13] = [
    "target",
    ".git",
    ".aws-sam",
    "node_modules",
    "__pycache__",
    "golden",
    "released",
    "Cargo.lock",
    "LICENSE",
    "api.html",
    "common-passwords.txt",
    "proptest-regressions",
    // The lists of what is banned.
    "words",
];

/// What the names of readable files end with. A script has no ending.
const ENDINGS: [&str; 9] = ["rs", "md", "yaml", "yml", "toml", "py", "js", "cjs", "css"];

/// A file of the repository.
pub(crate) struct File {
    /// The path from the root, with `/`.
    pub(crate) path: String,
    /// The content.
    pub(crate) text: String,
}

impl File {
    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is Markdown.
    pub(crate) fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns every file that people read, ordered by path.
pub(crate) fn all() -> Vec<File> {
    let root = root();
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if SKIPPED.contains(&name.as_str()) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files);
        } else if is_readable(&name) {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let path = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            files.push(File { path, text });
        }
    }
}

fn is_readable(name: &str) -> bool {
    match name.rsplit_once('.') {
        Some((stem, ending)) => !stem.is_empty() && ENDINGS.contains(&ending),
        None => true,
    }
}
