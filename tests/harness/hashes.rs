//! Reads and writes password hashes, in today's form and in that of an earlier version.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{Item, TestApp};

const HASH: &str = "passwordHash";

impl TestApp {
    /// The claim on an address, as it is stored.
    pub async fn claim(&self, email: &str) -> Item {
        self.item(&format!("EMAIL#{email}"), "#META").await.expect("the address is claimed")
    }

    /// The profile of the user who owns an address.
    pub async fn profile_of(&self, email: &str) -> Item {
        let claim = self.claim(email).await;
        let id = |name: &str| claim[name].as_s().expect("the claim names its owner").clone();
        let pk = format!("ORG#{}#USER#{}", id("organizationId"), id("userId"));
        self.item(&pk, "#META").await.expect("the owner is stored")
    }

    /// Moves an address's password hash back into the profile of its owner, as an earlier version stored it.
    pub async fn store_hash_in_profile(&self, email: &str) {
        let (mut claim, mut profile) = (self.claim(email).await, self.profile_of(email).await);
        profile.insert(HASH.to_owned(), claim.remove(HASH).expect("the claim has a hash"));
        self.store(claim).await;
        self.store(profile).await;
    }

    /// Returns the hashes of an address in the claim and in the profile.
    pub async fn hash_places(&self, email: &str) -> (bool, bool) {
        (self.claim(email).await.contains_key(HASH), self.profile_of(email).await.contains_key(HASH))
    }

    /// Gives an address the password hash of another one.
    pub async fn copy_hash(&self, from: &str, to: &str) {
        let (other, mut claim) = (self.claim(from).await, self.claim(to).await);
        claim.insert(HASH.to_owned(), other[HASH].clone());
        self.store(claim).await;
    }

    /// Names another owner in a claim.
    pub async fn give_claim_to(&self, email: &str, user: &str) {
        let mut claim = self.claim(email).await;
        claim.insert("userId".to_owned(), AttributeValue::S(user.to_owned()));
        self.store(claim).await;
    }

    /// Deletes the counts of failed sign-ins with an address, so that many looks do not lock anybody out.
    pub async fn forget_failures(&self, email: &str) {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let client = self.database().client();
        let query =
            client.query().table_name("snapshots").key_condition_expression("PK = :pk AND begins_with(SK, :sk)");
        let query = query.expression_attribute_values(":pk", text(&format!("EMAIL#{email}")));
        let found = query.expression_attribute_values(":sk", text("FAILURES")).send().await.expect("a query answers");
        for item in found.items() {
            let delete = client.delete_item().table_name("snapshots");
            let delete = delete.key("PK", item["PK"].clone()).key("SK", item["SK"].clone());
            delete.send().await.expect("an item is deleted");
        }
    }

    /// Writes a whole item past every port and its rules.
    pub async fn store(&self, item: Item) {
        let put = self.database().client().put_item().table_name("snapshots").set_item(Some(item));
        put.send().await.expect("an item is put");
    }
}
