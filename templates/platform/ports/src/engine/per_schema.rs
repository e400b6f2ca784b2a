//! What is worked out once for every schema.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use platform_contract::schema::Schema;

/// What was worked out for the schemas that were used so far.
pub struct PerSchema<T>(RwLock<HashMap<usize, Arc<T>>>);

impl<T> Default for PerSchema<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> PerSchema<T> {
    /// That for this schema, which `make` works out the first time.
    pub fn of(&self, schema: &'static Schema, make: impl FnOnce(&Schema) -> T) -> Arc<T> {
        let key = std::ptr::from_ref(schema).addr();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = known.get(&key) {
            return Arc::clone(made);
        }
        drop(known);
        let made = Arc::new(make(schema));
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(key).or_insert(made))
    }
}
