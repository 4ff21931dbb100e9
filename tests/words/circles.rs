//! Modules beside each other that import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::files::{self, File};

/// The path of a module from its crate on: `shared`, `domain`, `plan`.
type ModulePath = Vec<String>;

static USE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^[ ]*(pub(?:\([^)]*\))? )?use ([^;]+);").unwrap());
static INLINE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:crate|super)(?:::\w+)+").unwrap());
static COMMENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)//.*$").unwrap());

/// The imports of one module.
#[derive(Default)]
struct Imports {
    paths: Vec<ModulePath>,
    /// Names that it hands on, and where they are from.
    handed_on: Vec<(String, ModulePath)>,
}

/// Returns the module that a file is, with its crate first; `None` where the file is a test.
fn module_of(path: &str) -> Option<ModulePath> {
    let (krate, inside) = path.strip_suffix(".rs")?.split_once("/src/")?;
    let mut module: ModulePath = [krate].into_iter().chain(inside.split('/')).map(str::to_owned).collect();
    if module.iter().any(|part| ["tests", "testing", "bin"].contains(&part.as_str())) {
        return None;
    }
    module.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
    Some(module)
}

/// Returns the paths in a use tree: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn leaves(tree: &str) -> Vec<String> {
    let Some((before, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let body = rest.rsplit_once('}').map_or(rest, |(body, _)| body);
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for letter in body.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(letter);
    }
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| leaves(&format!("{}{}", before.trim(), part.trim()))).collect()
}

/// Returns a path from the crate on; `None` where it leads to another crate.
fn absolute(module: &[String], path: &str) -> Option<ModulePath> {
    let parts: Vec<&str> = path.split("::").filter(|part| *part != "self" || !path.starts_with("self")).collect();
    let ups = parts.iter().take_while(|part| **part == "super").count();
    let first = *parts.first()?;
    let base = match first {
        "crate" => &module[..1],
        "super" => module.get(..module.len().checked_sub(ups)?)?,
        _ if path.starts_with("self::") => module,
        _ => return None,
    };
    let skipped = if first == "crate" { 1 } else { ups };
    Some(base.iter().cloned().chain(parts[skipped..].iter().map(|part| (*part).to_owned())).collect())
}

fn imports(module: &[String], text: &str, modules: &BTreeSet<ModulePath>) -> Imports {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let text = COMMENT.replace_all(text, "");
    let mut imports = Imports::default();
    for found in USE.captures_iter(&text) {
        for leaf in leaves(&found[2]) {
            // A child may be named without `self`.
            let child: ModulePath = module.iter().cloned().chain(leaf.split("::").map(str::to_owned)).collect();
            let is_child = modules.contains(&child[..=module.len()]);
            let Some(path) = absolute(module, &leaf).or(is_child.then_some(child)) else { continue };
            match found.get(1) {
                Some(_) => imports.handed_on.push((path.last().unwrap().clone(), path)),
                None => imports.paths.push(path),
            }
        }
    }
    imports.paths.extend(INLINE.find_iter(&text).filter_map(|found| absolute(module, found.as_str())));
    imports
}

/// Returns the module that a path is from: names that a module hands on are followed.
fn origin(path: &ModulePath, all: &BTreeMap<ModulePath, Imports>) -> Option<ModulePath> {
    let mut path = path.clone();
    for _ in 0..8 {
        let length = (1..=path.len()).rev().find(|length| all.contains_key(&path[..*length]))?;
        let name = path.get(length);
        let handed_on = &all[&path[..length]].handed_on;
        match name.and_then(|name| handed_on.iter().find(|(known, _)| known == name)) {
            Some((_, from)) => path = from.clone(),
            None => return Some(path[..length].to_vec()),
        }
    }
    None
}

/// Returns the circles of modules beside each other, each as the module that holds it and its names.
fn circles(files: &[File]) -> Vec<(String, Vec<String>)> {
    let texts: BTreeMap<ModulePath, &str> =
        files.iter().filter_map(|file| Some((module_of(&file.path)?, file.text.as_str()))).collect();
    let modules: BTreeSet<ModulePath> = texts.keys().cloned().collect();
    let all: BTreeMap<ModulePath, Imports> =
        texts.iter().map(|(module, text)| (module.clone(), imports(module, text, &modules))).collect();
    // For each module that holds others: which of them import which.
    let mut arrows: BTreeMap<&[String], BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
    for (module, imports) in &all {
        for target in imports.paths.iter().filter_map(|path| origin(path, &all)) {
            let common = module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            if let (Some(from), Some(to)) = (module.get(common), target.get(common)) {
                arrows.entry(&module[..common]).or_default().entry(from).or_default().insert(to.clone());
            }
        }
    }
    let mut circles = Vec::new();
    for (holder, arrows) in arrows {
        let reach: BTreeMap<&str, BTreeSet<&str>> = arrows.keys().map(|from| (*from, reached(from, &arrows))).collect();
        let mut seen = BTreeSet::new();
        for (from, reached) in &reach {
            let back = |to: &&str| reach.get(to).is_some_and(|reached| reached.contains(from));
            let circle: Vec<String> = reached.iter().copied().filter(back).map(str::to_owned).collect();
            if circle.len() > 1 && seen.insert(circle.clone()) {
                circles.push((holder.join("::"), circle));
            }
        }
    }
    circles
}

fn reached<'a>(from: &'a str, arrows: &'a BTreeMap<&str, BTreeSet<String>>) -> BTreeSet<&'a str> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(next) = open.pop() {
        let targets = arrows.get(next).into_iter().flatten().map(String::as_str);
        open.extend(targets.filter(|target| reached.insert(*target)));
    }
    reached
}

#[test]
fn modules_beside_each_other_import_each_other_in_no_circle() {
    assert_eq!(circles(&files::all()), [], "move what both need to a module below both");
}

#[test]
fn a_circle_is_found_however_it_is_imported() {
    let file = |path: &str, text: &str| File { path: format!("shared/src/{path}"), text: text.to_owned() };
    let circle_of = |b: &str| {
        let holder = file("x/mod.rs", "mod a;\nmod b;\nmod c;\npub use self::a::{A, Other};\npub use c::C;\n");
        let a = file("x/a.rs", "use super::b::{self, B};\n");
        circles(&[holder, a, file("x/b.rs", b), file("x/b/d.rs", ""), file("x/c.rs", "")])
    };
    let expected = [("shared::x".to_owned(), vec!["a".to_owned(), "b".to_owned()])];
    for text in ["use super::A;", "use super::{C, a::{Other as O}};", "use crate::x::A;", "fn f() { super::a::run() }"]
    {
        assert_eq!(circle_of(text), expected, "{text}");
    }
    for text in [
        "use super::C;",
        "// use super::A;",
        "use super::Own;",
        "#[cfg(test)]\nmod tests {\n    use super::super::A;\n}",
    ] {
        assert_eq!(circle_of(text), [], "{text}");
    }
}
