//! Serves the sandbox until Ctrl-C, for second terminals and for assistants.

use release_engine::EngineError;

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::sandbox::Sandbox;

pub(crate) async fn run(globals: Globals, reset: bool) -> Result<Exit, EngineError> {
    if reset {
        Sandbox::reset(&globals)?;
        output::talk("the sandbox begins anew");
        return Ok(Exit::Verified);
    }
    let sandbox = Sandbox::open(&globals).await?;
    if globals.json {
        output::json(&sandbox.servers);
    } else {
        for server in &sandbox.servers {
            output::data(&format!(
                "{:<5} {}  account {} / {}",
                server.name, server.url, server.account, server.password
            ));
        }
        output::talk("now, in another terminal: nocobase-release --sandbox ask \"Restore dev to test\"");
        output::talk("Ctrl-C ends it; what was done stays until `nocobase-release sandbox --reset`");
    }
    tokio::signal::ctrl_c()
        .await
        .map_err(|source| EngineError::Local {
            what: "cannot wait for Ctrl-C".into(),
            source,
        })?;
    Ok(Exit::Verified)
}
