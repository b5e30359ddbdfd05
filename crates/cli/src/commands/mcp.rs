//! `mcp`: the MCP server, over stdio or HTTP. What it offers and how it guards it is `release-mcp`'s.

use release_engine::{Engine, EngineError};
use release_mcp::{Handler, HttpOptions, ServeError, TlsFiles, Tokens, serve_http, serve_stdio};

use super::Context;
use crate::arguments::Mcp;
use crate::exit::Exit;
use crate::output;
use crate::settings;

/// Serves until the client is gone or the server is told to end. A run goes on by itself, and in the sandbox it needs
/// the servers that this process may serve.
pub(crate) async fn run(context: &Context, options: Mcp) -> Result<Exit, EngineError> {
    let exit = serve(context, options).await;
    if let Some(sandbox) = &context.sandbox {
        sandbox.stay_for_runs(&context.engine).await;
    }
    exit
}

async fn serve(context: &Context, options: Mcp) -> Result<Exit, EngineError> {
    let mut known = context.engine.settings().clone();
    known.policy.read_only |= options.read_only;
    let secrets = settings::secrets(&options.secrets)?;
    let engine = Engine::new(known);
    let handler = if options.tools.is_empty() {
        Handler::new(engine)
    } else {
        match Handler::offering(engine, &options.tools) {
            Ok(handler) => handler,
            Err(error) => return Ok(misused(&error)),
        }
    }
    .with_secrets(secrets);
    let Some(address) = options.http else {
        return ended(serve_stdio(handler).await);
    };
    let tokens = match options.tokens.as_deref().map(Tokens::read).transpose() {
        Ok(tokens) => tokens,
        Err(error) => return Ok(misused(&error)),
    };
    let tls = options
        .tls_certificate
        .zip(options.tls_key)
        .map(|(certificate, key)| TlsFiles { certificate, key });
    if tls.is_none() && !address.ip().is_loopback() {
        output::talk(
            "warning: without TLS, tokens can be read on their way: give --tls-certificate, or put a proxy before it",
        );
    }
    let options = HttpOptions {
        tokens,
        tls,
        hosts: options.hosts,
        origins: options.origins,
        ..HttpOptions::new(address)
    };
    ended(
        serve_http(handler, options, |url| {
            output::talk(&format!("MCP over HTTP: {url}"))
        })
        .await,
    )
}

fn misused(error: &dyn std::error::Error) -> Exit {
    output::talk(&format!("error: {error}"));
    Exit::Usage
}

fn ended(end: Result<(), ServeError>) -> Result<Exit, EngineError> {
    match end {
        Ok(()) => Ok(Exit::Verified),
        Err(ServeError::Http(error)) => {
            let mut text = error.to_string();
            if let Some(cause) = std::error::Error::source(&error) {
                text.push_str(&format!(": {cause}"));
            }
            output::talk(&format!("error: {text}"));
            Ok(Exit::Usage)
        }
        Err(error) => Err(EngineError::Local {
            what: "the MCP server ended".into(),
            source: std::io::Error::other(error),
        }),
    }
}
