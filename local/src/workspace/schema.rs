//! The JSON Schema of a workspace file, for editors and for programs that write one. It is made by what reads the file.

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use shared::domain::ObjectId;
use utoipa::{PartialSchema, ToSchema};

use super::entries::WorkspaceEntry;
use super::fields::{Entry, FieldVisitor, ListEntry, Presence};
use crate::openapi::Json;

/// Where the schema is kept, seen from the root of the repository.
pub const FILE: &str = "docs/workspace.schema.json";

const ABOUT: &str = "\
A workspace: organizations with their users and their users' setups. `local load` writes it into a table, and `local workspace check` \
says all that is wrong with it, also what no schema can say: ids and addresses that stand there twice, and values that DynamoDB cannot \
store. Null is as absent.";

/// Returns the schema as the file has it: JSON, indented, with a final newline.
pub fn text() -> Result<String, serde_json::Error> {
    let mut document = members(&json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Workspace", "description": ABOUT,
    }))?;
    document.extend(of_entry::<WorkspaceEntry>()?);
    Ok(serde_json::to_string_pretty(&Json::Object(document))? + "\n")
}

type SchemaMembers = IndexMap<String, Json>;

/// Returns the members of an object.
fn members(value: &impl serde::Serialize) -> Result<SchemaMembers, serde_json::Error> {
    serde_json::from_str(&serde_json::to_string(value)?)
}

fn of_entry<E: Entry>() -> Result<SchemaMembers, serde_json::Error> {
    let mut writer = SchemaWriter::default();
    E::visit(&mut writer);
    writer.finish()
}

/// Describes the fields of one object.
#[derive(Default)]
struct SchemaWriter {
    properties: SchemaMembers,
    required: Vec<&'static str>,
    needs_id_or_name: bool,
    is_open: bool,
    failure: Option<serde_json::Error>,
}

impl SchemaWriter {
    fn finish(self) -> Result<SchemaMembers, serde_json::Error> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let mut object = members(&json!({"type": "object"}))?;
        object.insert("properties".to_owned(), Json::Object(self.properties));
        let mut rest = json!({"additionalProperties": self.is_open});
        if !self.required.is_empty() {
            rest["required"] = json!(self.required);
        }
        if self.needs_id_or_name {
            let one = |name: &str, value: Value| json!({"required": [name], "properties": {name: value}});
            rest["anyOf"] =
                json!([one("_id", json!({"type": "string"})), one("name", json!({"type": "string", "minLength": 1}))]);
        }
        object.extend(members(&rest)?);
        Ok(object)
    }

    fn describe(
        &mut self,
        name: &'static str,
        about: &str,
        schema: Result<SchemaMembers, serde_json::Error>,
        presence: Presence,
    ) {
        let mut described = match schema {
            Ok(schema) => schema,
            Err(error) => {
                self.failure = Some(error);
                return;
            }
        };
        let about = match described.get("description").and_then(Json::as_str) {
            Some(more) => format!("{about} {more}"),
            None => about.to_owned(),
        };
        described.insert("description".to_owned(), Json::String(about));
        match presence {
            Presence::Required => self.required.push(name),
            Presence::Optional => allow_null(&mut described),
        }
        self.properties.insert(name.to_owned(), Json::Object(described));
    }
}

/// Adds null to what a schema allows.
fn allow_null(schema: &mut SchemaMembers) {
    if let Some(Json::String(kind)) = schema.get("type").cloned() {
        schema.insert("type".to_owned(), Json::Array(vec![Json::String(kind), Json::String("null".to_owned())]));
    }
    if let Some(Json::Array(values)) = schema.get_mut("enum") {
        values.push(Json::Null);
    }
}

fn of_type<T: PartialSchema>() -> Result<SchemaMembers, serde_json::Error> {
    members(&T::schema())
}

impl FieldVisitor for SchemaWriter {
    fn required<T: DeserializeOwned + ToSchema>(&mut self, name: &'static str, about: &str) -> Option<T> {
        self.describe(name, about, of_type::<T>(), Presence::Required);
        None
    }

    fn optional<T: DeserializeOwned + ToSchema>(&mut self, name: &'static str, about: &str) -> Option<T> {
        self.describe(name, about, of_type::<T>(), Presence::Optional);
        None
    }

    fn elements<E: Entry>(&mut self, name: &'static str, about: &str, presence: Presence) -> Vec<ListEntry<E>> {
        let list = of_entry::<E>().and_then(|items| {
            let mut list = members(&json!({"type": "array"}))?;
            list.insert("items".to_owned(), Json::Object(items));
            Ok(list)
        });
        self.describe(name, about, list, presence);
        Vec::new()
    }

    fn id_or_name(&mut self) -> Option<ObjectId> {
        self.needs_id_or_name = true;
        self.optional("_id", "The id. Without it, it is made of the user and the `name`.")
    }

    fn rest(&mut self) -> Map<String, Value> {
        self.is_open = true;
        Map::new()
    }
}
