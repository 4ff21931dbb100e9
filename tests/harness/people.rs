//! Changes that another system may make to a user with a valid token.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::domain::{Role, User};

use crate::{Item, TestApp};

/// The state of a caller since the token was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerState {
    /// The user is as the token says.
    AsTheTokenSays,
    /// The user is disabled.
    Disabled,
    /// The role is a lower one.
    Demoted,
    /// The role is a higher one.
    Promoted,
    /// The user belongs to another organization.
    Moved,
    /// The counter of the user's credentials is a higher one, as after a change of the password.
    PasswordChanged,
    /// The user does not exist.
    Deleted,
}

shared::every! {
    /// Every state.
    pub CallerState: AsTheTokenSays, Disabled, Demoted, Promoted, Moved, PasswordChanged, Deleted
}

impl CallerState {
    /// Returns whether a user of `role` can have this state.
    pub fn is_possible(self, role: Role) -> bool {
        match self {
            Self::Demoted => role != Role::SalesRep,
            Self::Promoted => role != Role::Superadmin,
            _ => true,
        }
    }
}

impl TestApp {
    /// Sets the stored user to `state`, without a port. A user who moves goes to `elsewhere` and keeps the id.
    pub async fn change_user(&self, user: &User, state: CallerState, elsewhere: &str) {
        let place = Role::ALL.into_iter().position(|role| role == user.role).expect("the role is one");
        let role = |place: usize| AttributeValue::S(Role::ALL[place].to_string());
        match state {
            CallerState::AsTheTokenSays => {}
            CallerState::Disabled => self.set_attribute(user, "loginDisabled", AttributeValue::Bool(true)).await,
            CallerState::Demoted => self.set_attribute(user, "accessRole", role(place - 1)).await,
            CallerState::Promoted => self.set_attribute(user, "accessRole", role(place + 1)).await,
            CallerState::Moved => self.move_user(user, elsewhere).await,
            CallerState::PasswordChanged => {
                self.set_attribute(user, "credentialVersion", AttributeValue::N("1".to_owned())).await;
            }
            CallerState::Deleted => self.replace_items_of(user, |_| None).await,
        }
    }

    /// Moves a user with everything, including the address, to the organization `to`, as another system would.
    pub async fn move_user(&self, user: &User, to: &str) {
        let (from, to_partition) = (partition(user), format!("ORG#{to}#USER#{}", user.id));
        self.replace_items_of(user, |mut item| {
            item.insert("PK".to_owned(), AttributeValue::S(to_partition.clone()));
            if item.contains_key("LISTPK") {
                item.insert("LISTPK".to_owned(), AttributeValue::S(format!("ORG#{to}#USERS")));
            }
            Some(item)
        })
        .await;
        assert!(self.item(&from, "#META").await.is_none());
        let claim = format!("EMAIL#{}", user.email.key().as_str());
        if let Some(mut item) = self.item(&claim, "#META").await {
            item.insert("organizationId".to_owned(), AttributeValue::S(to.to_owned()));
            self.put(item).await;
        }
    }

    /// Replaces every item of a user by the result of `instead`.
    async fn replace_items_of(&self, user: &User, instead: impl Fn(Item) -> Option<Item>) {
        let from = partition(user);
        for item in self.items().await {
            if item["PK"].as_s().is_ok_and(|pk| *pk == from) {
                let delete = self.database().client().delete_item().table_name("snapshots");
                let delete = delete.key("PK", item["PK"].clone()).key("SK", item["SK"].clone());
                delete.send().await.expect("an item is deleted");
                if let Some(item) = instead(item) {
                    self.put(item).await;
                }
            }
        }
    }

    async fn put(&self, item: Item) {
        let put = self.database().client().put_item().table_name("snapshots").set_item(Some(item));
        put.send().await.expect("an item is put");
    }
}

fn partition(user: &User) -> String {
    format!("ORG#{}#USER#{}", user.organization, user.id)
}
