//! The table's definition for the embedded database. template.yaml defines the same table for AWS; a test compares the
//! two.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};

use crate::domain::Fault;
use crate::store::keys::{ALL, IndexKeys, LIST, PK, SK};

/// The attributes of a row in a list of snapshots.
const SNAPSHOT_ROW: [&str; 6] = ["type", "name", "sourceOrgName", "sourceUserEmail", "counts", "isGlobal"];
/// The attributes of a row in a list of users.
const USER_ROW: [&str; 3] = ["fullName", "email", "accessRole"];

/// An index: its name, its key attributes, and its other projected attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The name.
    pub name: &'static str,
    /// Partition key attribute.
    pub pk: &'static str,
    /// Sort key attribute.
    pub sk: &'static str,
    /// Projected attributes.
    pub projected: Vec<&'static str>,
}

/// Returns the table's indexes. Its own key attributes are `PK` and `SK`, and every key is a string.
pub fn indexes() -> [Index; 2] {
    let index = |keys: IndexKeys, projected| Index { name: keys.name, pk: keys.pk, sk: keys.sk, projected };
    [index(LIST, [&SNAPSHOT_ROW[..], &USER_ROW[..]].concat()), index(ALL, SNAPSHOT_ROW.to_vec())]
}

/// Creates the table. Fails if it exists.
pub async fn create_table(client: &Client, name: &str) -> Result<(), Fault> {
    let wrong = |error: aws_sdk_dynamodb::error::BuildError| Fault::Corrupt(error.to_string());
    let mut call = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key(PK, KeyType::Hash).map_err(wrong)?)
        .key_schema(key(SK, KeyType::Range).map_err(wrong)?)
        .attribute_definitions(text(PK).map_err(wrong)?)
        .attribute_definitions(text(SK).map_err(wrong)?);
    for index in indexes() {
        let projection = Projection::builder()
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(index.projected.iter().map(|name| (*name).to_owned()).collect()))
            .build();
        let definition = GlobalSecondaryIndex::builder()
            .index_name(index.name)
            .key_schema(key(index.pk, KeyType::Hash).map_err(wrong)?)
            .key_schema(key(index.sk, KeyType::Range).map_err(wrong)?)
            .projection(projection)
            .build()
            .map_err(wrong)?;
        call = call
            .attribute_definitions(text(index.pk).map_err(wrong)?)
            .attribute_definitions(text(index.sk).map_err(wrong)?)
            .global_secondary_indexes(definition);
    }
    call.send().await.map_err(|error| Fault::Unavailable(format!("{error:?}")))?;
    Ok(())
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, aws_sdk_dynamodb::error::BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
}

fn text(name: &str) -> Result<AttributeDefinition, aws_sdk_dynamodb::error::BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
}
