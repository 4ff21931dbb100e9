//! The API's description as a page for people: `docs/api.html`, which the service serves at `/docs`.
//!
//! One file without external resources. All text is visible without the script. The script searches, and sends requests from the
//! page.

mod components;
mod operation;
mod order;
mod schema;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use pulldown_cmark::{Options, Parser};

pub(crate) use self::order::job;
use crate::openapi::{self, Json};

/// The page as the service serves it and as `docs/api.html` has it.
pub fn text() -> Result<String, serde_json::Error> {
    let document = openapi::document()?;
    Ok(page(&components::expanded(&document, &document)).into_string() + "\n")
}

fn page(document: &Json) -> Markup {
    let info = document.get("info").unwrap_or(document);
    let groups = groups(document);
    let common = common_parameters(&groups);
    let page = operation::Page { document, common: &common };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (info.text("title")) " API" }
                // The function computes the page's content security policy from the text between these tags.
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                a .skip href="#content" { "Skip to the content" }
                (navigation(info, &groups))
                main #content {
                    header {
                        h1 { (info.text("title")) " API" }
                        p .version { "Version " (info.text("version")) " · " a href="/openapi.json" { "openapi.json" } " (OpenAPI 3.1), " a href="/openapi-3.0.json" { "openapi-3.0.json" } }
                        (markdown(info.text("description")))
                        h3 { "The examples" }
                        p {
                            "In commands " code { "$API" } " is where the service is and " code { "$TOKEN" } " the token. "
                            span #trying hidden {
                                "Every route has a form that sends the request from this page, to the service that the page \
                                 came from, with the token of the last sign-in. Fields offer the ids of the answers before. \
                                 What a request does is real."
                            }
                        }
                    }
                    @for group in &groups {
                        section {
                            h2 id=(slug(group.name)) { (group.name) }
                            p .lead { (group.description) }
                            @for route in &group.routes { (operation::article(page, route)) }
                        }
                    }
                }
                script { (PreEscaped(include_str!("script.js"))) }
            }
        }
    }
}

/// A group of routes: one tag of the description.
struct Group<'d> {
    name: &'d str,
    description: &'d str,
    routes: Vec<Route<'d>>,
}

/// One operation with its method and path.
struct Route<'d> {
    method: &'d str,
    path: &'d str,
    operation: &'d Json,
}

fn groups(document: &Json) -> Vec<Group<'_>> {
    let routes = || {
        document.members("paths").flat_map(|(path, item)| {
            let operations = item.as_object().into_iter().flatten();
            operations.map(move |(method, operation)| Route { method, path, operation })
        })
    };
    let tags = document.elements("tags").iter();
    tags.map(|tag| {
        let is_in = |route: &Route<'_>| {
            route.operation.elements("tags").first().and_then(Json::as_str) == Some(tag.text("name"))
        };
        let mut routes: Vec<Route<'_>> = routes().filter(is_in).collect();
        routes.sort_by_key(|route| order::place(route.operation.text("operationId")));
        Group { name: tag.text("name"), description: tag.text("description"), routes }
    })
    .collect()
}

/// The names of the parameters that every route takes.
fn common_parameters<'d>(groups: &[Group<'d>]) -> Vec<&'d str> {
    let names = |route: &Route<'d>| route.operation.elements("parameters").iter().map(|it| it.text("name"));
    let mut routes = groups.iter().flat_map(|group| &group.routes);
    let Some(first) = routes.next() else { return Vec::new() };
    names(first).filter(|name| routes.clone().all(|route| names(route).any(|it| it == *name))).collect()
}

fn navigation(info: &Json, groups: &[Group<'_>]) -> Markup {
    html! {
        nav aria-label="Routes" {
            a .brand href="#content" { (info.text("title")) }
            input #search type="search" placeholder="Search routes, fields, codes…" aria-label="Search" hidden;
            p #nothing hidden { "Nothing has all of these words." }
            form #sign-in hidden {
                details {
                    summary { "Token: " output #who { "none" } }
                    label { "E-mail" input name="email" type="email" autocomplete="username" required; }
                    label { "Password" input name="password" type="password" autocomplete="current-password" required; }
                    button { "Sign in" }
                    label { "or paste a token" input #token type="text" autocomplete="off" spellcheck="false"; }
                    p #sign-in-outcome .hint role="status" { "It is kept in this page alone, until you leave it." }
                }
            }
            // Open without the script, which folds it on a narrow screen.
            details #menu open {
                summary { "All routes" }
                @for group in groups {
                    a .group href={ "#" (slug(group.name)) } { (group.name) }
                    ul { @for route in &group.routes { (menu_entry(route)) } }
                }
            }
        }
    }
}

fn menu_entry(route: &Route<'_>) -> Markup {
    let id = route.operation.text("operationId");
    html! {
        li data-operation=(id) {
            a href={ "#" (id) } {
                span { (route.operation.text("summary")) }
                span .place { (method(route.method)) " " code { (breakable(route.path)) } }
            }
        }
    }
}

/// A path that may go on in the next line at each of its segments.
fn breakable(path: &str) -> Markup {
    html! { @for segment in path.split('/').skip(1) { wbr; "/" (segment) } }
}

fn method(name: &str) -> Markup {
    html! { b class={ "method " (name) } { (name.to_ascii_uppercase()) } }
}

fn slug(name: &str) -> String {
    name.to_ascii_lowercase().replace(' ', "-")
}

/// Renders CommonMark with tables. Raw HTML is shown as text, so a description cannot add markup.
fn markdown(text: &str) -> Markup {
    use pulldown_cmark::Event::{Html, InlineHtml, Text};
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).map(|event| match event {
        Html(text) | InlineHtml(text) => Text(text),
        other => other,
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    PreEscaped(html)
}

/// Renders one line of CommonMark, without a paragraph.
fn inline(text: &str) -> Markup {
    let PreEscaped(html) = markdown(text);
    let inside = html.trim().strip_prefix("<p>").and_then(|rest| rest.strip_suffix("</p>"));
    match inside {
        Some(inside) if !inside.contains("<p>") => PreEscaped(inside.to_owned()),
        _ => PreEscaped(html),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_takes_no_markup_from_a_description() {
        let PreEscaped(html) = inline("a <script>b()</script> `<c>` & [d](#e)");
        assert_eq!(html, "a &lt;script&gt;b()&lt;/script&gt; <code>&lt;c&gt;</code> &amp; <a href=\"#e\">d</a>");
    }

    #[test]
    fn the_page_shows_every_operation_and_asks_nobody_else_for_anything() {
        let (page, document) = (text().unwrap(), openapi::document().unwrap());
        for (path, item) in document.members("paths") {
            for (name, operation) in item.as_object().unwrap() {
                assert!(page.contains(&format!("<article id=\"{}\"", operation.text("operationId"))), "{name} {path}");
            }
        }
        // The policy of the page allows none of these, and nothing is stored.
        for refused in [" style=", " onclick=", " src=", "<link", "<img", "@import", "url(", "localStorage", "cookie"] {
            assert!(!page.contains(refused), "{refused}");
        }
        assert_eq!((page.matches("<style>").count(), page.matches("<script>").count()), (1, 1));
    }

    #[test]
    fn the_page_shows_no_reference_but_the_words_that_it_leads_to() {
        let page = text().unwrap();
        assert!(!page.contains("#/components/"));
        // Each error of each route has its row with an example.
        let document = openapi::document().unwrap();
        let document = components::expanded(&document, &document);
        let mut rows = 0;
        for group in groups(&document) {
            for (_, response) in group.routes.iter().flat_map(|route| route.operation.members("responses")) {
                for (code, example) in response.members("content").flat_map(|(_, content)| content.members("examples"))
                {
                    assert!(!example.get("value").unwrap().text("detail").is_empty(), "{code}");
                    rows += 1;
                }
            }
        }
        assert_eq!(page.matches("<td><code>").count(), rows);
    }

    #[test]
    fn the_parameter_of_every_route_is_not_shown_with_each() {
        let document = openapi::document().unwrap();
        let document = components::expanded(&document, &document);
        assert_eq!(common_parameters(&groups(&document)), ["X-Request-Id"]);
    }
}
