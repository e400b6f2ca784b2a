//! Where the cache of a service may be.

use std::sync::Arc;

use platform_ports::cache::{Cache, CacheOptions, Driver};
use platform_ports::engine::OpenError;
use platform_service::ServiceError;
use platform_service::config::Config;

use crate::domain;

/// A kind of cache that is never opened, and says so.
#[derive(Debug)]
struct NeverOpened;

impl Driver for NeverOpened {
    fn schemes(&self) -> &'static [&'static str] {
        &["redis"]
    }

    fn example(&self) -> &'static str {
        "redis://host:6379"
    }

    fn open(&self, _: &CacheOptions) -> Result<Arc<dyn Cache>, OpenError> {
        Err(OpenError::Unusable("the driver was asked".to_owned()))
    }
}

/// Why a service with such a cache does not start when the cache is there.
async fn refusal(location: &str) -> String {
    let place = domain::place();
    let config = Config {
        cache: Some(location.parse().expect("a location")),
        ..domain::config(place.path())
    };
    let service = domain::service().cached(&NeverOpened, 1_000);
    match service.start(&config).await {
        Err(error @ ServiceError::Cache { .. }) => error.to_string(),
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("it has started"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_of_another_scheme_is_refused_before_its_driver_is_asked() {
    assert!(
        refusal("redis://a:1")
            .await
            .contains("the driver was asked")
    );
    for location in ["memcached://a:1", "rediss://a:1", "sqlite:a"] {
        let said = refusal(location).await;
        assert!(
            said.contains("no cache of this service is named by"),
            "{said}"
        );
    }
}
