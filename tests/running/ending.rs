//! How the services of a system end: with what runs them, however that ends.

use super::system::{Site, System};

/// A signal to what runs the services alone ends each of them in order.
pub fn a_signal_ends_all_in_order(system: &mut System<'_>, signal: &str) {
    system.signal(signal);
    assert!(system.ended().success(), "after {signal}");
    for service in system.services() {
        for what in ["shutting down", "ended: exit status: 0"] {
            // It has been said; what reads it may be a little behind.
            system.until(&format!("{service} says `{what}` after {signal}"), || {
                system.has_said(service, what).then_some(())
            });
        }
        assert!(system.is_free(service), "{service} after {signal}");
    }
}

/// A service that does not end is waited for, until that is asked for once more.
pub fn a_second_interrupt_ends_all_at_once(system: &mut System<'_>) {
    let services = system.services();
    let [stuck, other @ ..] = services.as_slice() else {
        panic!("a system without services");
    };
    system.signal_service(stuck, "STOP");
    system.signal("INT");
    for service in other {
        system.until(&format!("{service} has ended"), || {
            system
                .has_said(service, "ended: exit status: 0")
                .then_some(())
        });
    }
    system.signal("INT");
    assert!(!system.ended().success(), "not all have ended well");
    all_are_free(system);
}

/// Nobody can hand SIGKILL on; the services notice that what runs them is gone.
pub fn all_end_when_what_runs_them_is_killed(system: &mut System<'_>) {
    system.signal("KILL");
    assert!(!system.ended().success());
    all_are_free(system);
}

fn all_are_free(system: &System<'_>) {
    for service in system.services() {
        system.until(&format!("{service} has ended"), || {
            system.is_free(service).then_some(())
        });
    }
}
