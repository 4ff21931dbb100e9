//! What another system may make of a user whom a token still names.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::domain::{Role, User};

use crate::{Item, TestApp};

/// What became of a caller since the token was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerState {
    /// The user is as the token says.
    AsTheTokenSays,
    /// Signing in is switched off.
    Disabled,
    /// The role is a lower one.
    Demoted,
    /// The role is a higher one.
    Promoted,
    /// The user belongs to another organization.
    Moved,
    /// There is no such user.
    Deleted,
}

impl CallerState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::AsTheTokenSays, Self::Disabled, Self::Demoted, Self::Promoted, Self::Moved, Self::Deleted];

    /// Whether a user of `role` can come into this state.
    pub fn is_possible(self, role: Role) -> bool {
        match self {
            Self::Demoted => role != Role::SalesRep,
            Self::Promoted => role != Role::Superadmin,
            _ => true,
        }
    }
}

impl TestApp {
    /// Brings the stored user into `state`, past every port; one that moves goes to `elsewhere` and keeps its id.
    pub async fn change_user(&self, user: &User, state: CallerState, elsewhere: &str) {
        let place = Role::ALL.into_iter().position(|role| role == user.role).expect("the role is one");
        let role = |place: usize| AttributeValue::S(Role::ALL[place].to_string());
        match state {
            CallerState::AsTheTokenSays => {}
            CallerState::Disabled => self.set_attribute(user, "loginDisabled", AttributeValue::Bool(true)).await,
            CallerState::Demoted => self.set_attribute(user, "accessRole", role(place - 1)).await,
            CallerState::Promoted => self.set_attribute(user, "accessRole", role(place + 1)).await,
            CallerState::Moved => self.move_user(user, elsewhere).await,
            CallerState::Deleted => self.remove_user(user, |_| None).await,
        }
    }

    /// Moves a user with everything to the organization `to`, address included, as another system would.
    pub async fn move_user(&self, user: &User, to: &str) {
        let (from, to_partition) = (partition(user), format!("ORG#{to}#USER#{}", user.id));
        self.remove_user(user, |mut item| {
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

    /// Takes every item of a user away, and puts what `instead` makes of each.
    async fn remove_user(&self, user: &User, instead: impl Fn(Item) -> Option<Item>) {
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
