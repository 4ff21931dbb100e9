//! Who sends what in the demo, and what must come back.

use std::io::Write;

use http::Method;
use serde_json::{Value, json};

use super::exchange::{Answer, Client, Request, show};
use super::expectation::{ANY_ID, ANY_TEXT, ANY_TIME, differences};
use super::{APPLY_BODY, CREATE_BODY, DemoError, belongings, later};
use crate::stack::Stack;
use crate::workspace::{DEMO_PASSWORD, Workspace};

const ACME: &str = "64ee9a8b1e7f2a0011223344";
const GLOBEX: &str = "64ee9a8b1e7f2a0011223345";
/// The address of the second new user: one address is one user on the whole platform.
const ROBIN: &str = "robin@acme.example";

/// A demo under way.
pub(super) struct Play<'a> {
    client: Client,
    output: &'a mut (dyn Write + Send),
    step: usize,
    differences: Vec<String>,
}

/// What is sent and what must come back.
pub(super) struct Scene<'a> {
    pub(super) title: &'a str,
    pub(super) request: Request<'a>,
    pub(super) status: u16,
    pub(super) answer: Value,
}

/// Plays all of it, and returns what was not as it must be.
pub(super) async fn play(
    stack: &Stack,
    workspace: &Workspace,
    output: &mut (dyn Write + Send),
) -> Result<Vec<String>, DemoError> {
    writeln!(output, "The main job, over HTTP on {}, in a table that ends with this program.", stack.url())?;
    writeln!(output, "Passwords and tokens are replaced by (password) and (token).\n")?;
    let mut play = Play { client: Client::new(stack.url())?, output, step: 0, differences: Vec::new() };

    let pat = play.sign_in("Pat, an administrator of Acme, signs in", &known(workspace, "pat@acme.example")).await?;
    let snapshot = play.capture(&pat).await?;
    let sam = play.sign_in("Sam, of Globex, signs in", &known(workspace, "sam@globex.example")).await?;
    let applied = play.apply_elsewhere(&sam, &snapshot).await?;
    let casey = text(&applied.body, "/result/userId", "result.userId")?;
    let password = text(&json_of(APPLY_BODY), "/newUser/password", "password")?;
    let signing_in = SigningIn {
        email: "casey@acme.example".to_owned(),
        password,
        user: json!({
            "id": casey, "email": "casey@acme.example", "fullName": "Casey New", "organizationId": GLOBEX,
            "accessRole": "SALES_REP"
        }),
    };
    let token = play.sign_in("Casey signs in with the password of that request", &signing_in).await?;
    play.verify(&token).await?;
    play.apply_at_home(&pat, &snapshot).await?;
    let warnings = &applied.body["result"]["warnings"];
    play.differences.extend(belongings::show(stack.table(), GLOBEX, &casey, warnings, play.output).await?);
    later::edit(stack.table(), workspace, play.output).await?;
    play.refresh(&pat, &snapshot).await?;
    play.apply_and_undo(&sam, &snapshot).await?;
    play.end()
}

/// Who signs in, and what the answer says of the user.
struct SigningIn {
    email: String,
    password: String,
    user: Value,
}

fn known(workspace: &Workspace, email: &str) -> SigningIn {
    let user = workspace.member(email).map_or(Value::Null, |(organization, member)| {
        let user = &member.user;
        json!({
            "id": user.id, "email": user.email, "fullName": user.full_name, "organizationId": organization.id,
            "accessRole": user.role
        })
    });
    SigningIn { email: email.to_owned(), password: DEMO_PASSWORD.to_owned(), user }
}

impl Play<'_> {
    async fn sign_in(&mut self, title: &str, who: &SigningIn) -> Result<String, DemoError> {
        let body = json!({"email": who.email, "password": who.password}).to_string();
        let request =
            Request { method: Method::POST, path: "/api/auth/login".to_owned(), bearer: None, body: Some(body) };
        let expected = json!({"token": ANY_TEXT, "user": who.user});
        let answer = self.scene(Scene { title, request, status: 200, answer: expected }).await?;
        text(&answer.body, "/token", "token")
    }

    async fn capture(&mut self, pat: &str) -> Result<String, DemoError> {
        let sent = json_of(CREATE_BODY);
        let expected = json!({
            "message": "Snapshot created",
            "snapshot": {
                "_id": ANY_ID,
                "name": sent["name"],
                "description": sent["description"],
                "sourceOrgId": ACME,
                "sourceOrgName": "Acme Corp",
                "sourceUserEmail": "alex@acme.example",
                "sourceUserName": "Alex Rep",
                "counts": {"automations": 5, "prompts": 8, "templates": 12},
                "createdBy": "64ee9a8b1e7f2a001122339b",
                "createdByName": "Pat Admin",
                "createdByRole": "ADMIN",
                "isGlobal": false,
                "assignedOrgIds": [ACME],
                "createdAt": ANY_TIME,
                "updatedAt": ANY_TIME,
            },
        });
        let request = Request {
            method: Method::POST,
            path: "/api/user-snapshots".to_owned(),
            bearer: Some(("Pat", pat)),
            body: Some(CREATE_BODY.to_owned()),
        };
        let title = "Pat captures the setup of Alex, Acme's best seller";
        let answer = self.scene(Scene { title, request, status: 201, answer: expected }).await?;
        text(&answer.body, "/snapshot/_id", "snapshot._id")
    }

    async fn apply_elsewhere(&mut self, sam: &str, snapshot: &str) -> Result<Answer, DemoError> {
        let expected = applied("casey@acme.example", [5, 8, 12], 0, [0, 0]);
        let title =
            "Sam gives it to Casey, who is new at Globex, where the stage \"Contacted\" is called \"Reached Out\"";
        let request = apply(snapshot, ("Sam", sam), APPLY_BODY.to_owned());
        self.scene(Scene { title, request, status: 201, answer: expected }).await
    }

    async fn apply_at_home(&mut self, pat: &str, snapshot: &str) -> Result<(), DemoError> {
        let sent = APPLY_BODY.replace("casey@acme.example", ROBIN).replace("Casey New", "Robin New");
        let expected = applied(ROBIN, [0, 8, 0], 0, [5, 12]);
        let title = "Pat gives it to Robin, who is new at Acme itself: automations and templates are there already";
        let request = apply(snapshot, ("Pat", pat), sent);
        self.scene(Scene { title, request, status: 201, answer: expected }).await?;
        Ok(())
    }

    async fn verify(&mut self, casey: &str) -> Result<(), DemoError> {
        let request = Request {
            method: Method::GET,
            path: "/api/auth/verify-token".to_owned(),
            bearer: Some(("Casey", casey)),
            body: None,
        };
        let answer = json!({"message": "Token is good"});
        self.scene(Scene { title: "Casey's token is good", request, status: 200, answer }).await?;
        Ok(())
    }

    /// Sends, shows and judges one request.
    pub(super) async fn scene(&mut self, scene: Scene<'_>) -> Result<Answer, DemoError> {
        self.step += 1;
        writeln!(self.output, "{}. {}\n", self.step, scene.title)?;
        let answer = self.client.send(&scene.request).await?;
        show(self.output, &scene.request, &answer)?;
        let mut found = differences(&scene.answer, &answer.body);
        if answer.status != scene.status {
            found.insert(0, format!("the status is {}, not {}", answer.status, scene.status));
        }
        self.differences.extend(found.into_iter().map(|difference| format!("step {}: {difference}", self.step)));
        Ok(answer)
    }

    /// Notes something that is not as it must be.
    pub(super) fn differ(&mut self, difference: &str) {
        self.differences.push(format!("step {}: {difference}", self.step));
    }

    fn end(self) -> Result<Vec<String>, DemoError> {
        if self.differences.is_empty() {
            writeln!(self.output, "All {} answers are as the contract says.", self.step)?;
        }
        Ok(self.differences)
    }
}

pub(super) fn apply<'a>(snapshot: &str, bearer: (&'a str, &'a str), body: String) -> Request<'a> {
    let path = format!("/api/user-snapshots/{snapshot}/apply");
    Request { method: Method::POST, path, bearer: Some(bearer), body: Some(body) }
}

pub(super) fn applied(email: &str, cloned: [u32; 3], mapped_prompts: u32, skipped: [u32; 2]) -> Value {
    json!({
        "message": "Snapshot applied",
        "result": {
            "userId": ANY_ID,
            "userEmail": email,
            "cloned": {"automations": cloned[0], "prompts": cloned[1], "templates": cloned[2]},
            "mapped": {"prompts": mapped_prompts},
            "skipped": {"automations": skipped[0], "templates": skipped[1]},
        },
    })
}

/// One of the customer's bodies. They are JSON, which a test makes sure of.
fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

pub(super) fn text(body: &Value, pointer: &str, name: &'static str) -> Result<String, DemoError> {
    body.pointer(pointer).and_then(Value::as_str).map(str::to_owned).ok_or(DemoError::Missing(name))
}
