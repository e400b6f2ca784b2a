//! The Kafka protocol binding of CloudEvents 1.0, in binary mode: the attributes are headers, as
//! they stand in [`Wire`] already, the data is the value, and the key is the aggregate's id.

use std::borrow::Cow;

use platform_contract::envelope::{Headers, Wire};
use platform_ports::broker::Delivery;
use rdkafka::Message;
use rdkafka::message::{Header, Headers as KafkaHeaders, OwnedHeaders};

/// The headers as Kafka wants them.
pub fn headers(wire: &Wire) -> OwnedHeaders {
    let headers = OwnedHeaders::new_with_capacity(wire.headers.len());
    wire.headers.iter().fold(headers, |headers, (key, value)| {
        headers.insert(Header {
            key,
            value: Some(value),
        })
    })
}

/// A message as it was read. What others wrote need not be an envelope: what is no UTF-8 is read as
/// far as it goes, of headers of one name the last counts, and a missing value is an empty one.
pub fn delivery(topic: &str, partition: u32, message: &impl Message) -> Delivery {
    let mut headers = Headers::new();
    for header in message.headers().into_iter().flat_map(KafkaHeaders::iter) {
        headers.push(header.key, &text(header.value.unwrap_or_default()));
    }
    Delivery {
        topic: topic.to_owned(),
        partition,
        offset: message.offset(),
        key: text(message.key().unwrap_or_default()).into_owned(),
        wire: Wire {
            headers,
            payload: message.payload().unwrap_or_default().to_vec(),
        },
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
