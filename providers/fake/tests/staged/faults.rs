//! What a vendor's fault looks like behind a proper provider, for fakes in its place. Shared by the tests of every crate
//! that shows fakes to the conformance suite.

use std::time::Duration;

use providers_conformance::Fault as Vendor;
use providers_core::ErrorKind;
use providers_fake::{Fault, Faults, Mishap};

/// How a fake does what a vendor's fault makes of a proper provider, whose whole answer has so many pieces.
pub(crate) fn script(fault: Option<Vendor>, pieces: usize) -> Faults {
    let Some(fault) = fault else { return Faults::none() };
    let error = |after, kind| Fault { after, what: Mishap::Error { kind, retry_after: None } };
    Faults::always(match fault {
        Vendor::RateLimited => Fault {
            after: 0,
            what: Mishap::Error { kind: ErrorKind::RateLimited, retry_after: Some(Duration::from_secs(7)) },
        },
        Vendor::ServerError | Vendor::Overloaded => error(0, ErrorKind::Overloaded),
        Vendor::Reset => error(0, ErrorKind::StreamCut),
        Vendor::NoResponse => Fault { after: 0, what: Mishap::Stall },
        Vendor::SlowFirst => Fault { after: 0, what: Mishap::Pause(Duration::from_millis(80)) },
        Vendor::Cut => error(1, ErrorKind::StreamCut),
        Vendor::Stalled => Fault { after: 1, what: Mishap::Stall },
        Vendor::Malformed => error(1, ErrorKind::ProtocolBroken),
        Vendor::NoEndMark => error(pieces, ErrorKind::StreamCut),
        Vendor::ContextTooLong => error(0, ErrorKind::ContextTooLong),
        Vendor::ContentFilter => error(0, ErrorKind::ContentFiltered),
        Vendor::BadRequest => error(0, ErrorKind::BadRequest),
        Vendor::WrongKey => error(0, ErrorKind::Unauthorised),
        Vendor::NoSuchModel => error(0, ErrorKind::NotFound),
    })
}
