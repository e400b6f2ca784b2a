//! What goes over the wire to a server, command by command.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The header of a message, its flags and the kind of its first section come before its document.
const BEFORE_DOCUMENT: usize = 16 + 4 + 1;

/// A place between a client and a server, which notes the names of all commands.
pub struct Wire {
    port: u16,
    commands: Arc<Mutex<Vec<String>>>,
}

impl Wire {
    /// Stands before a server, `host:port`, until the test ends.
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let commands = Arc::new(Mutex::new(Vec::new()));
        let (noted, server) = (Arc::clone(&commands), server.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let there = TcpStream::connect(&server).expect("the server is there");
                join(client, there, Arc::clone(&noted));
            }
        });
        Self { port, commands }
    }

    /// Where it is.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The commands since the last look, without those by which the client looks after itself.
    pub fn commands(&self) -> Vec<String> {
        let mut all = std::mem::take(&mut *self.commands.lock().expect("no thread panics"));
        all.retain(|name| !["hello", "isMaster", "ping", "endSessions"].contains(&&**name));
        all
    }
}

fn join(client: TcpStream, server: TcpStream, commands: Arc<Mutex<Vec<String>>>) {
    let (mut from, mut to) = (
        server.try_clone().expect("a socket"),
        client.try_clone().expect("a socket"),
    );
    std::thread::spawn(move || {
        // Either side may go at any time.
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let _ = forward(&client, &server, &commands);
        let _ = server.shutdown(Shutdown::Both);
    });
}

fn forward(mut from: &TcpStream, mut to: &TcpStream, noted: &Mutex<Vec<String>>) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let size = usize::try_from(u32::from_le_bytes(length)).expect("64 bits");
        let mut message = length.to_vec();
        message.resize(size, 0);
        from.read_exact(message.get_mut(4..).unwrap_or_default())?;
        if let Some(name) = command(&message) {
            noted.lock().expect("no thread panics").push(name);
        }
        to.write_all(&message)?;
    }
}

/// The name of the command: the first field of the document.
fn command(message: &[u8]) -> Option<String> {
    // Its length, and the type of the field.
    let name = message.get(BEFORE_DOCUMENT + 4 + 1..)?;
    let end = name.iter().position(|byte| *byte == 0)?;
    String::from_utf8(name.get(..end)?.to_vec()).ok()
}
