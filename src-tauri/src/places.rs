//! Where the person is led from the tray or a notification. The page may not be there yet: then it is told once it is.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tauri::ipc::Channel;

use crate::view::Place;

/// The way to the page.
#[derive(Default)]
pub struct Places {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    page: Option<Channel<Place>>,
    waiting: Option<Place>,
}

impl Places {
    /// The page is there, and is told of the place that waits for it.
    pub fn watch(&self, page: Channel<Place>) {
        let waiting = {
            let mut state = self.state();
            state.page = Some(page);
            state.waiting.take()
        };
        if let Some(place) = waiting {
            self.show(place);
        }
    }

    /// Leads the person there. Without a page, as soon as there is one.
    pub fn show(&self, place: Place) {
        let mut state = self.state();
        let told = state.page.as_ref().is_some_and(|page| page.send(place.clone()).is_ok());
        if !told {
            (state.page, state.waiting) = (None, Some(place));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_that_was_chosen_before_the_page_was_there_is_shown_once_it_is() {
        let places = Places::default();
        places.show(Place::Overview);
        places.show(Place::Account { account: "a".to_owned() });
        let told = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&told);
        places.watch(Channel::new(move |body| {
            list.lock().unwrap().push(body.deserialize::<serde_json::Value>()?);
            Ok(())
        }));
        let account = json!({"kind": "account", "account": "a"});
        assert_eq!(*told.lock().unwrap(), std::slice::from_ref(&account), "the latest one");
        places.show(Place::Overview);
        assert_eq!(*told.lock().unwrap(), [account, json!({"kind": "overview"})]);
    }
}
