//! The command line's shape. What the commands do is in `commands/`.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

/// Reads the command line; ends the process on `--help`, `--version` and wrong usage (exit code 2).
pub(crate) fn parse() -> Arguments {
    Arguments::parse()
}

/// The script by which a shell completes this command line.
pub(crate) fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "nocobase-release", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Release between NocoBase environments from a sentence: plan, confirm, run, evidence, undo.
#[derive(Debug, Parser)]
#[command(name = "nocobase-release", version, about, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Globals {
    /// Print results as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Run against simulated environments dev, test and prod: no server, no set-up
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,
    /// The tool's home folder [default: $NOCOBASE_RELEASE_HOME, or .nocobase beside NocoBase CLI's]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Say more on stderr
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do what a sentence says: "Restore dev to test"
    Ask {
        /// The sentence
        sentence: String,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Show how a sentence is read; nothing is done
    Parse(Parse),
    /// Make a plan, show it and keep it
    Plan {
        #[command(subcommand)]
        what: Planned,
        /// Also write the plan into this file
        #[arg(long, global = true, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Confirm a plan and run it
    Apply {
        /// A plan's id, or a plan file
        plan: String,
        /// The plan's phrase; without it you are asked
        #[arg(long, value_name = "PHRASE")]
        confirm: Option<String>,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Approve a plan, as a person, that an assistant made and will set going
    Approve {
        /// A plan's id
        plan: String,
    },
    /// Make a backup, fetch it and prove it good
    Backup {
        #[command(flatten)]
        what: BackupArguments,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Overwrite an environment with a package
    Restore {
        #[command(flatten)]
        what: RestoreArguments,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Bring an environment up to another by a migration rule
    Migrate {
        #[command(flatten)]
        what: MigrateArguments,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Migration rules: what a migration does to which tables
    Rules {
        #[command(subcommand)]
        what: Rules,
    },
    /// Prove that the safety backup of a run restores, in a scratch environment that is overwritten for it
    Drill {
        #[command(flatten)]
        what: DrillArguments,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Bring an environment back to its safety backup
    Undo {
        #[command(flatten)]
        what: UndoArguments,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// What ran and how it stands
    Runs {
        #[command(subcommand)]
        what: Runs,
    },
    /// Packages on servers and on this machine
    Packages {
        #[command(subcommand)]
        what: Packages,
    },
    /// The configured environments
    Envs {
        #[command(subcommand)]
        what: Envs,
    },
    /// What is set up, what is missing, what to do
    Doctor,
    /// Serve the Model Context Protocol, over stdio or HTTP
    Mcp(Mcp),
    /// Simulated environments dev, test and prod, until Ctrl-C
    Sandbox {
        /// Forget what was done in it, and end
        #[arg(long)]
        reset: bool,
    },
    /// A script that completes these commands in a shell: bash, zsh, fish, elvish or powershell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Execute a confirmed run (started by the other commands)
    #[command(hide = true)]
    Execute { run: String },
}

/// Consent given on the command line.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Consent {
    /// Confirm by naming the target, for scripts; protected environments cannot be confirmed so
    #[arg(long, value_name = "TARGET")]
    pub(crate) yes: Option<String>,
}

/// Where the password of encrypted packages comes from; never an argument.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Secrets {
    /// The environment variable that holds the password of encrypted packages
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) password_env: Option<String>,
    /// The file whose first line is the password of encrypted packages
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    pub(crate) password_file: Option<PathBuf>,
    /// The value of a variable or secret that a migration asks for, from an environment variable; may be given several
    /// times
    #[arg(long = "value-env", value_name = "NAME=VARIABLE")]
    pub(crate) values_env: Vec<String>,
    /// The file whose lines NAME=value are such values
    #[arg(long, value_name = "FILE")]
    pub(crate) values_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct BackupArguments {
    /// The environment [default: the current one]
    pub(crate) environment: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RestoreArguments {
    /// The environment that is overwritten [default: the current one]
    pub(crate) target: Option<String>,
    /// Where the package is made or lies [default: the target itself]
    #[arg(long, value_name = "SOURCE")]
    pub(crate) from: Option<String>,
    /// A backup on the source's server, a file (a path with a slash), @latest, or @verified: the one that was brought to
    /// the source and verified there [default: a new backup]
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) package: Option<String>,
    /// Go on in spite of this finding, by its code; may be given several times
    #[arg(long, value_name = "CODE")]
    pub(crate) accept: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct MigrateArguments {
    /// The environment that is changed [default: the current one]
    pub(crate) target: Option<String>,
    /// Where the package is made or lies
    #[arg(long, value_name = "SOURCE")]
    pub(crate) from: Option<String>,
    /// The rule, by its id or name [default: the only one; where there is none, a new one with the documented defaults]
    #[arg(long, value_name = "RULE", conflicts_with_all = ["user", "system"])]
    pub(crate) rule: Option<String>,
    /// What happens to tables that people made: schema-only keeps their rows, overwrite replaces them
    #[arg(long, value_name = "METHOD")]
    pub(crate) user: Option<String>,
    /// What happens to the system's tables: overwrite-first replaces configuration, schema-only keeps it
    #[arg(long, value_name = "METHOD")]
    pub(crate) system: Option<String>,
    /// A migration package on the source's server, a file (a path with a slash), @latest, or @verified: the one that was
    /// executed on the source and verified there [default: a new one]
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) package: Option<String>,
    /// Have the server leave out its own backup; the safety backup is always made
    #[arg(long)]
    pub(crate) skip_server_backup: bool,
    /// Go on in spite of this finding, by its code; may be given several times
    #[arg(long, value_name = "CODE")]
    pub(crate) accept: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// The rules of an environment
    List {
        /// The environment [default: the current one]
        environment: Option<String>,
    },
    /// One rule
    Show {
        /// The environment
        environment: String,
        /// The rule's id or name
        rule: String,
    },
    /// Make a global rule, unless one with these methods is there
    Create {
        /// The environment
        environment: String,
        /// Its name [default: its methods in words]
        #[arg(long)]
        name: Option<String>,
        /// For tables that people made: schema-only or overwrite
        #[arg(long, value_name = "METHOD", default_value = "schema-only")]
        user: String,
        /// For the system's tables: overwrite-first or schema-only
        #[arg(long, value_name = "METHOD", default_value = "overwrite-first")]
        system: String,
        /// Confirm by naming the environment once more, for scripts
        #[arg(long, value_name = "ENVIRONMENT")]
        yes: Option<String>,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DrillArguments {
    /// The scratch environment: everything in it is overwritten
    pub(crate) scratch: String,
    /// The run whose safety backup is proven [default: the newest that has one]
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct UndoArguments {
    /// The environment [default: the current one]
    pub(crate) target: Option<String>,
    /// The run to take back [default: the last one that overwrote the environment]
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Planned {
    /// Plan a backup
    Backup {
        #[command(flatten)]
        what: BackupArguments,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Plan a restore
    Restore {
        #[command(flatten)]
        what: RestoreArguments,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Plan a migration
    Migrate {
        #[command(flatten)]
        what: MigrateArguments,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Plan a drill
    Drill {
        #[command(flatten)]
        what: DrillArguments,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Plan an undo
    Undo {
        #[command(flatten)]
        what: UndoArguments,
        #[command(flatten)]
        secrets: Secrets,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Runs {
    /// The last runs, newest first
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// How one run stands, with its evidence
    Show {
        /// The run [default: the newest]
        run: Option<String>,
        /// Follow it to its end
        #[arg(long)]
        follow: bool,
    },
    /// A report of one run to keep or to send: what happened when, the evidence, the way back
    Report {
        /// The run [default: the newest]
        run: Option<String>,
        /// A page with a picture, instead of Markdown
        #[arg(long)]
        html: bool,
        /// Write it to this file, which must not exist, instead of to stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Finish a run whose process died; nothing is sent a second time
    Resume {
        /// The run [default: the newest]
        run: Option<String>,
        #[command(flatten)]
        secrets: Secrets,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Packages {
    /// The packages of an environment, on its server and on this machine
    List {
        /// The environment [default: the current one]
        environment: Option<String>,
    },
    /// Fetch a package to this machine
    Download {
        /// The environment
        environment: String,
        /// The package's name, or @latest
        package: String,
    },
    /// Open a package file and judge it
    Inspect {
        /// The file
        file: PathBuf,
        /// Judge it against this environment, which is only read
        #[arg(long, value_name = "ENVIRONMENT")]
        against: Option<String>,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Which package was verified where, by the runs of this machine
    Ledger,
    /// Write the plain form of an encrypted package, for NocoBase's own command line
    Decrypt {
        /// The package file
        file: PathBuf,
        /// The file to write; it must not exist
        out: PathBuf,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Remove old packages from this machine; what an undo may need is kept, and what @verified would take
    Prune {
        /// How many days old a package must be [default: keep-days of the policy]
        #[arg(long, value_name = "DAYS")]
        older_than: Option<u32>,
        /// Remove also the newest package that was verified on an environment; it can then not be taken further
        #[arg(long)]
        verified: bool,
        /// Remove them; without this they are only shown
        #[arg(long)]
        yes: bool,
    },
    /// Remove a package from its server
    Remove {
        /// The environment
        environment: String,
        /// The package's name
        package: String,
        /// Confirm by naming the package once more, for scripts
        #[arg(long, value_name = "PACKAGE")]
        yes: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Envs {
    /// All of them
    List,
    /// Whether an environment can take part in a release
    Check {
        /// The environments [default: the current one]
        environments: Vec<String>,
    },
    /// Write an environment into the settings file, and check it; without credentials a terminal asks for an API key
    Add(AddEnvironment),
}

#[derive(Debug, Args)]
pub(crate) struct AddEnvironment {
    /// What it is called here
    pub(crate) name: String,
    /// Where its API is: https://…/api
    #[arg(long)]
    pub(crate) url: String,
    /// The environment variable that holds an API key
    #[arg(long, value_name = "VARIABLE", conflicts_with_all = ["token_file", "account"])]
    pub(crate) token_env: Option<String>,
    /// The file whose first line is an API key
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    pub(crate) token_file: Option<PathBuf>,
    /// The account to sign in with; its password comes from a variable or a file
    #[arg(long)]
    pub(crate) account: Option<String>,
    /// The environment variable that holds the account's password
    #[arg(long, value_name = "VARIABLE", requires = "account")]
    pub(crate) password_env: Option<String>,
    /// The file whose first line is the account's password
    #[arg(
        long,
        value_name = "FILE",
        requires = "account",
        conflicts_with = "password_env"
    )]
    pub(crate) password_file: Option<PathBuf>,
    /// The role to act in
    #[arg(long)]
    pub(crate) role: Option<String>,
    /// Another name for it in sentences; may be given several times
    #[arg(long = "alias", value_name = "NAME")]
    pub(crate) aliases: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Mcp {
    /// Serve Streamable HTTP on this address instead of stdio; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) http: Option<std::net::SocketAddr>,
    /// Who may call over HTTP: a file with lines name:token or name:sha256:DIGEST; needed beyond the loopback
    #[arg(long, value_name = "FILE", requires = "http")]
    pub(crate) tokens: Option<PathBuf>,
    /// The certificate chain for HTTPS (PEM)
    #[arg(long, value_name = "FILE", requires_all = ["http", "tls_key"])]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// A name that clients may call this server by, besides its address; may be given several times
    #[arg(long = "host", value_name = "NAME", requires = "http")]
    pub(crate) hosts: Vec<String>,
    /// A web page that may call this server, as `https://app.example.com`; may be given several times
    #[arg(long = "origin", value_name = "ORIGIN", requires = "http")]
    pub(crate) origins: Vec<String>,
    /// Offer only tools that look, and refuse everything that changes an environment
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Offer only these tools, by their names
    #[arg(long, value_name = "TOOL,TOOL", value_delimiter = ',')]
    pub(crate) tools: Vec<String>,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
}

#[derive(Debug, Args)]
pub(crate) struct Parse {
    /// The sentence
    #[arg(required_unless_present = "batch")]
    pub(crate) text: Option<String>,
    /// A known environment, in place of the configured ones; may be given several times
    #[arg(long = "env", value_name = "NAME")]
    pub(crate) environments: Vec<String>,
    /// The current environment
    #[arg(long, value_name = "NAME")]
    pub(crate) current: Option<String>,
    /// Which rule fired and which words were used
    #[arg(long)]
    pub(crate) explain: bool,
    /// Read JSON lines from stdin and write JSON lines to stdout
    #[arg(long, conflicts_with_all = ["text", "environments", "current", "explain"])]
    pub(crate) batch: bool,
}
