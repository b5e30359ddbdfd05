//! `skill-manifest.json`: what the skill plugin is, made from the tools, prompts and texts themselves.
//!
//! Its schema is kept beside it, in `prompts/skill-manifest.schema.json`; tests compare both with what is made here.

use serde_json::{Value, json};

use crate::handler::instructions;
use crate::offered::Offered;
use crate::{prompts, schema, skill, tools};

/// The manifest, in full.
pub fn manifest() -> Value {
    let mut router = tools::router(false);
    schema::make_portable(&mut router);
    let tools: Vec<Value> = router
        .list_all()
        .into_iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "title": tool.title,
                "description": tool.description,
                "annotations": tool.annotations,
                "inputSchema": tool.input_schema,
                "outputSchema": tool.output_schema,
                "readOnlyMode": tools::only_looks(&tool.name),
            })
        })
        .collect();
    let offered = Offered::new(router.map.keys().map(ToString::to_string), true);
    let languages: Vec<Value> = release_intent::supported_languages()
        .map(|(tag, name)| json!({ "tag": tag, "name": name }))
        .collect();
    json!({
        "$schema": "./prompts/skill-manifest.schema.json",
        "manifestVersion": 1,
        "name": skill::skill().name(),
        "title": "NocoBase Release",
        "version": env!("CARGO_PKG_VERSION"),
        "description": skill::skill().frontmatter.description,
        "license": env!("CARGO_PKG_LICENSE"),
        "skill": { "path": "prompts/skill/SKILL.md", "uri": skill::skill().uri },
        "instructions": instructions(&offered),
        "entryPoints": {
            "stdio": { "command": "nocobase-release", "args": ["mcp"] },
            "http": {
                "command": "nocobase-release",
                "args": ["mcp", "--http", "127.0.0.1:8790"],
                "url": "http://127.0.0.1:8790/mcp",
                "health": "http://127.0.0.1:8790/health",
                "authentication": "none on the loopback; elsewhere a bearer token from the file of --tokens",
            },
        },
        "protocolVersions": ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"],
        "tools": tools,
        "prompts": prompts::list(&offered),
        "languages": languages,
        "requires": {
            "nocobase": ">=2.0.56",
            "plugins": [
                {
                    "name": "@nocobase/plugin-backups",
                    "title": "Backup Manager",
                    "needed": "always",
                    "permissions": ["pm.backups"],
                },
                {
                    "name": "@nocobase/plugin-logger",
                    "title": "Logger",
                    "needed": "for stronger evidence",
                    "permissions": ["pm.logger.logger"],
                },
            ],
        },
        "permissions": {
            "network": "the configured NocoBase environments, and the address of --http",
            "files": "its own home folder, and package files that a person names",
            "credentials": "read from NocoBase CLI's store, its own settings or variables; never from a caller",
        },
    })
}
