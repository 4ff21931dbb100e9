//! Plays the steps of a scenario, and shows each.

use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use http::Method;
use shared::capacity::ConsumedUnits;

use super::DemoError;
use super::exchange::{Client, Request, show};
use super::expectation::differences;
use super::scenario::{KeptValues, RequestStep};
use super::tree::Node;

/// The most columns of a line.
const WIDTH: usize = 100;
/// The columns of a step's title.
const TITLE: usize = 48;
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// A demo under way.
pub(super) struct DemoRun<'a> {
    pub(super) client: Client,
    pub(super) output: &'a mut (dyn Write + Send),
    /// Whether whole exchanges are shown, and not a line for each.
    pub(super) is_verbose: bool,
    pub(super) kept: KeptValues,
    pub(super) step: usize,
    /// The answers that differ from the contract, as messages.
    pub(super) differences: Vec<String>,
}

impl DemoRun<'_> {
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.output, "{BOLD}{text}{BOLD:#}")
    }

    /// Sends, shows and judges one request.
    pub(super) async fn request(&mut self, step: &RequestStep) -> Result<(), DemoError> {
        self.step += 1;
        let (method, path) = step.target(&self.kept);
        let method =
            Method::from_bytes(method.as_bytes()).map_err(|_| DemoError::Scenario(format!("no method: {method}")))?;
        let request = Request { method, path, bearer: step.bearer(&self.kept)?, body: step.body()? };
        let answer = self.client.send(&request).await?;
        let mut found = differences(&step.answer(&self.kept), &answer.body);
        if answer.status != step.status {
            found.insert(0, format!("the status is {}, not {}", answer.status, step.status));
        }
        if let Some(text) = step.contains.as_ref().filter(|text| !answer.text.contains(*text)) {
            found.push(format!("the answer does not contain {text}"));
        }
        if self.is_verbose {
            writeln!(self.output, "{BOLD}{}. {}{BOLD:#}\n", self.step, step.title)?;
            show(self.output, &request, &answer)?;
        } else {
            let outcome = if found.is_empty() { step.outcome(&answer.body) } else { "NOT AS PROMISED".to_owned() };
            let style = if found.is_empty() { GOOD } else { BAD };
            let (number, title, status) = (self.step, &step.title, answer.status);
            writeln!(self.output, "{number:>2}  {title:TITLE$}  {style}{status}  {outcome}{style:#}")?;
        }
        self.differences.extend(found.into_iter().map(|difference| format!("step {}: {difference}", self.step)));
        step.keep(&answer.body, &mut self.kept)
    }

    /// Shows what happens between two requests.
    pub(super) fn between(&mut self, title: &str) -> io::Result<()> {
        let end = if self.is_verbose { "\n" } else { "" };
        writeln!(self.output, "    {DIM}{title}{DIM:#}{end}")
    }

    pub(super) fn tree(&mut self, tree: &Node) -> io::Result<()> {
        writeln!(self.output)?;
        let lines = tree.lines(WIDTH);
        let mut lines = lines.iter();
        lines.next().map_or(Ok(()), |root| self.heading(root))?;
        lines.try_for_each(|line| writeln!(self.output, "{line}"))
    }

    /// Shows what it took, and whether all was as the contract says.
    pub(super) fn summary(&mut self, took: Duration, consumed: Option<ConsumedUnits>) -> io::Result<()> {
        let requests = self.step;
        write!(self.output, "\n{requests} requests in {:.1} s", took.as_secs_f64())?;
        if let Some(ConsumedUnits { read_units, write_units, .. }) = consumed {
            write!(self.output, ", {read_units} read units and {write_units} write units of the table")?;
        }
        writeln!(self.output)?;
        if self.differences.is_empty() {
            writeln!(self.output, "{GOOD}All {requests} answers are as the contract says.{GOOD:#}")
        } else {
            writeln!(self.output, "{BAD}{} differences from the contract.{BAD:#}", self.differences.len())
        }
    }

    pub(super) fn next_steps(&mut self) -> io::Result<()> {
        const NEXT: [(&str, &str); 4] = [
            ("cargo run", "start the service, with the same users"),
            ("http://127.0.0.1:3000/docs", "then read about every route, and try it"),
            ("tests/api-walkthrough/run", "follow docs/API.md command by command"),
            ("cargo run -- demo --verbose", "see every request and answer of this demo"),
        ];
        writeln!(self.output)?;
        self.heading("What to do next")?;
        NEXT.iter().try_for_each(|(what, why)| writeln!(self.output, "  {what:29}{DIM}{why}{DIM:#}"))
    }
}
