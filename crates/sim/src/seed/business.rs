//! An order application in three states: in development, in testing, in use.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::system::add_user;
use super::{INSTALLED_AT, add, add_collection, table};
use crate::clock;
use crate::config::Seed;
use crate::database::Database;

const CUSTOMERS: [[&str; 4]; 24] = [
    ["Ada Berg", "Nordlicht Handel", "Hamburg", "DE"],
    ["Bruno Costa", "Casa Verde", "Porto", "PT"],
    ["Chen Wei", "晨星科技", "Shanghai", "CN"],
    ["Dana Novak", "Novak & Sons", "Praha", "CZ"],
    ["Emeka Obi", "Lagos Freight", "Lagos", "NG"],
    ["Freja Holm", "Holm Interiør", "Århus", "DK"],
    ["Gustav Lind", "Lindverk", "Malmö", "SE"],
    ["Hana Sato", "佐藤商店", "Osaka", "JP"],
    ["Imran Shah", "Shah Textiles", "Lahore", "PK"],
    ["Júlia Kiss", "Duna Kft.", "Budapest", "HU"],
    ["Kim Min-jun", "한빛상사", "Busan", "KR"],
    ["Léa Moreau", "Atelier Moreau", "Lyon", "FR"],
    ["Marta Rossi", "Rossi Alimentari", "Bologna", "IT"],
    ["Nguyễn An", "An Phát", "Hà Nội", "VN"],
    ["Olga Ivanova", "Северный ветер", "Kazan", "RU"],
    ["Pablo Ruiz", "Ruiz Hermanos", "Sevilla", "ES"],
    ["Quinn Adler", "Adler Supply", "Denver", "US"],
    ["Rani Putri", "Putri Batik", "Bandung", "ID"],
    ["Sam Okafor", "Okafor Print", "Accra", "GH"],
    ["Tove Aas", "Fjordmat", "Bergen", "NO"],
    ["Uma Patel", "Patel Spices", "Pune", "IN"],
    ["Vera Klein", "Klein Werkzeug", "Graz", "AT"],
    ["Will Turner", "Turner Boats", "Bristol", "GB"],
    ["Yara Haddad", "Haddad Olive", "Tripoli", "LB"],
];

const PRODUCTS: [(&str, &str, f64, i64); 12] = [
    ("CH-100", "Oak chair", 89.0, 140),
    ("CH-200", "Folding chair", 34.5, 310),
    ("TB-100", "Dining table", 420.0, 22),
    ("TB-300", "Standing desk", 615.0, 17),
    ("LP-010", "Desk lamp", 49.9, 95),
    ("LP-020", "Floor lamp", 129.0, 41),
    ("SH-001", "Wall shelf", 24.0, 230),
    ("SH-004", "Bookcase", 189.0, 36),
    ("RG-110", "Wool rug", 260.0, 14),
    ("CL-007", "Wall clock", 39.0, 77),
    ("BX-050", "Storage box", 12.5, 600),
    ("MR-002", "Round mirror", 74.0, 58),
];

const STATES: [&str; 5] = ["draft", "confirmed", "packed", "shipped", "paid"];

/// What tells the three states apart.
struct Stage {
    orders: usize,
    customers: usize,
    products: usize,
    prefix: &'static str,
    first_day: &'static str,
    seed: u64,
}

/// Fills the tables and returns the uploaded files.
pub(super) fn fill(database: &mut Database, seed: Seed) -> BTreeMap<String, Vec<u8>> {
    let stage = match seed {
        Seed::Installed => return BTreeMap::new(),
        Seed::Development => Stage {
            orders: 128,
            customers: 24,
            products: 12,
            prefix: "D",
            first_day: "2026-09-01T07:00:00Z",
            seed: 11,
        },
        Seed::Testing => Stage {
            orders: 37,
            customers: 9,
            products: 8,
            prefix: "T",
            first_day: "2026-06-01T07:00:00Z",
            seed: 23,
        },
        Seed::Production => Stage {
            orders: 512,
            customers: 21,
            products: 10,
            prefix: "P",
            first_day: "2026-01-05T07:00:00Z",
            seed: 47,
        },
    };
    create_collections(database, seed);
    fill_people(database, seed);
    fill_configuration(database, seed);
    fill_orders(database, &stage);
    fill_files(database, seed)
}

fn create_collections(database: &mut Database, seed: Seed) {
    let own = json!({"logging": true, "autoGenId": true, "createdAt": true, "updatedAt": true, "createdBy": true, "updatedBy": true, "filterTargetKey": "id", "template": "general", "view": false});
    let stamps = "id big, createdAt time, updatedAt time, createdById big, updatedById big";
    database.put(
        "customers",
        table(
            "id",
            &format!("{stamps}, name var, company var, email var, city var, country var"),
        ),
    );
    add_collection(
        database,
        "customers",
        "Customers",
        own.clone(),
        &[
            ["name", "string", "input", "Name"],
            ["company", "string", "input", "Company"],
            ["email", "string", "email", "Email"],
            ["city", "string", "input", "City"],
            ["country", "string", "input", "Country"],
        ],
    );
    database.put(
        "products",
        table(
            "id",
            &format!("{stamps}, sku var, name var, price double, stock int, active bool"),
        ),
    );
    add_collection(
        database,
        "products",
        "Products",
        own.clone(),
        &[
            ["sku", "string", "input", "SKU"],
            ["name", "string", "input", "Name"],
            ["price", "double", "number", "Price"],
            ["stock", "integer", "integer", "Stock"],
            ["active", "boolean", "checkbox", "Active"],
        ],
    );
    let mut columns = format!(
        "{stamps}, number var, customerId big, productId big, quantity int, total double, status var, note text"
    );
    let mut fields = vec![
        ["number", "string", "input", "Number"],
        ["customerId", "bigInt", "integer", "Customer"],
        ["productId", "bigInt", "integer", "Product"],
        ["quantity", "integer", "integer", "Quantity"],
        ["total", "double", "number", "Total"],
        ["status", "string", "select", "Status"],
        ["note", "text", "textarea", "Note"],
    ];
    if seed == Seed::Development {
        columns.push_str(", priority var");
        fields.push(["priority", "string", "select", "Priority"]);
    }
    database.put("orders", table("id", &columns));
    add_collection(database, "orders", "Orders", own, &fields);
    if seed != Seed::Testing {
        database.put(
            "attachments",
            table("id", &format!("{stamps}, title var, filename var, extname var, size int, mimetype var, path text, url text, orderId big, storageId big")),
        );
        add_collection(
            database,
            "attachments",
            "Attachments",
            json!({"template": "file", "storage": "local", "filterTargetKey": "id"}),
            &[
                ["title", "string", "input", "Title"],
                ["filename", "string", "input", "File name"],
                ["extname", "string", "input", "Extension"],
                ["size", "integer", "integer", "Size"],
                ["mimetype", "string", "input", "Type"],
                ["path", "text", "textarea", "Path"],
                ["url", "text", "url", "URL"],
                ["orderId", "bigInt", "integer", "Order"],
            ],
        );
    }
}

fn fill_people(database: &mut Database, seed: Seed) {
    add(
        database,
        "roles",
        json!([
            {"name": "release", "title": "Release", "default": false, "hidden": false, "sort": 4,
             "snippets": ["!ui.*", "!pm", "pm.backups", "pm.logger.logger"], "strategy": {"actions": ["view"]}},
            {"name": "sales", "title": "Sales", "default": false, "hidden": false, "sort": 5,
             "snippets": ["!ui.*", "!pm", "!pm.*"], "strategy": {"actions": ["create", "view", "update"]}},
        ]),
    );
    let people: &[([&str; 4], &[&str])] = match seed {
        Seed::Installed => &[],
        Seed::Development => &[
            (
                ["ops", "ops12345", "Olivia Petrov", "ops@example.com"],
                &["member", "release"],
            ),
            (
                ["mika", "mika12345", "Mika Laine", "mika@example.com"],
                &["admin"],
            ),
        ],
        Seed::Testing => &[(
            ["tess", "tess12345", "Tess Nowak", "tess@example.com"],
            &["member", "admin"],
        )],
        Seed::Production => &[
            (
                ["ops", "ops-prod-1", "Olivia Petrov", "ops@example.com"],
                &["member", "release"],
            ),
            (
                ["alice", "alice12345", "Alice Grant", "alice@example.com"],
                &["sales"],
            ),
            (["bao", "bao1234567", "Bao Trần", "bao@example.com"], &["sales"]),
            (
                ["carl", "carl123456", "Carl Weiß", "carl@example.com"],
                &["sales", "admin"],
            ),
        ],
    };
    for (person, roles) in people {
        add_user(database, *person, roles);
    }
}

fn fill_configuration(database: &mut Database, seed: Seed) {
    let (host, mail) = match seed {
        Seed::Installed => return,
        Seed::Development => ("https://pay.sandbox.example.com", "mail.dev.example.com"),
        Seed::Testing => ("https://pay.test.example.com", "mail.test.example.com"),
        Seed::Production => ("https://pay.example.com", "mail.example.com"),
    };
    add(
        database,
        "environmentVariables",
        json!([
            {"name": "PAYMENT_URL", "type": "default", "value": host},
            {"name": "SMTP_HOST", "type": "default", "value": mail},
        ]),
    );
    add(
        database,
        "desktopRoutes",
        json!([
            {"title": "Orders", "icon": "shoppingcartoutlined", "schemaUid": "k1m0rders01", "type": "flowPage", "sort": 1},
            {"title": "Customers", "icon": "teamoutlined", "schemaUid": "k1mcust0mer", "type": "flowPage", "sort": 2},
            {"title": "Products", "icon": "appstoreoutlined", "schemaUid": "k1mpr0duct5", "type": "flowPage", "sort": 3},
        ]),
    );
    add(
        database,
        "uiSchemas",
        json!([
            {"x-uid": "k1m0rders01", "name": "orders", "schema": {"type": "void", "x-component": "Page"}},
            {"x-uid": "k1mcust0mer", "name": "customers", "schema": {"type": "void", "x-component": "Page"}},
        ]),
    );
    let reminder = seed != Seed::Testing;
    add(
        database,
        "workflows",
        json!([
            {"key": "w0rkfl0w001", "title": "Confirm order", "enabled": true, "type": "collection",
             "config": {"collection": "orders", "mode": 1}, "current": true, "executed": 0},
            {"key": "w0rkfl0w002", "title": "Payment reminder", "enabled": reminder, "type": "schedule",
             "config": {"mode": 0, "repeat": "0 9 * * 1"}, "current": true, "executed": 0},
        ]),
    );
    add(
        database,
        "flow_nodes",
        json!([
            {"key": "n0de0000001", "title": "Set status", "type": "update", "workflowId": 1, "config": {"collection": "orders"}},
            {"key": "n0de0000002", "title": "Send mail", "type": "mailer", "workflowId": 2, "config": {"host": "{{$env.SMTP_HOST}}"}},
        ]),
    );
    let more_plugins: &[&str] = match seed {
        Seed::Development => &["map", "localization"],
        Seed::Production => &["localization"],
        Seed::Installed | Seed::Testing => &[],
    };
    if let Some(plugins) = database.table_mut("applicationPlugins") {
        for row in &mut plugins.rows {
            if row
                .get("name")
                .and_then(Value::as_str)
                .is_some_and(|name| more_plugins.contains(&name))
            {
                row.insert("enabled".to_owned(), json!(true));
                row.insert("installed".to_owned(), json!(true));
            }
        }
    }
}

fn fill_orders(database: &mut Database, stage: &Stage) {
    let customers = CUSTOMERS
        .iter()
        .take(stage.customers)
        .map(|[name, company, city, country]| {
            let mailbox: String = name
                .to_lowercase()
                .chars()
                .filter(char::is_ascii_lowercase)
                .collect();
            json!({"name": name, "company": company, "city": city, "country": country,
               "email": format!("{mailbox}@example.com"), "createdById": 1, "updatedById": 1})
        });
    add(database, "customers", customers.collect());
    let products = PRODUCTS.iter().take(stage.products).map(|(sku, name, price, stock)| {
        json!({"sku": sku, "name": name, "price": price, "stock": stock, "active": true, "createdById": 1})
    });
    add(database, "products", products.collect());
    let first: Timestamp = stage.first_day.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let has_priority = database
        .table("orders")
        .is_some_and(|orders| orders.has_column("priority"));
    let mut numbers = Numbers(stage.seed);
    let orders = (0..stage.orders).map(|place| {
        let customer = numbers.below(stage.customers);
        let product = numbers.below(stage.products);
        let quantity = 1 + numbers.below(12);
        let price = PRODUCTS.get(product).map_or(1.0, |(_, _, price, _)| *price);
        let hours = i64::try_from(place * 11 + numbers.below(9)).unwrap_or_default();
        let placed = clock::iso(first.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(first));
        let mut order = json!({
            "number": format!("SO-{}{:05}", stage.prefix, place + 1),
            "customerId": customer + 1, "productId": product + 1, "quantity": quantity,
            "total": (price * 100.0).round() * f64::from(u8::try_from(quantity).unwrap_or(1)) / 100.0,
            "status": STATES.get(numbers.below(STATES.len())),
            "note": if place % 9 == 4 { json!("Call before delivery.\nSecond floor, left.") } else { Value::Null },
            "createdAt": placed, "updatedAt": placed, "createdById": 1, "updatedById": 1,
        });
        if let (true, Value::Object(order)) = (has_priority, &mut order) {
            order.insert("priority".to_owned(), json!(if place % 7 == 0 { "high" } else { "normal" }));
        }
        order
    });
    let orders: Value = orders.collect();
    add(database, "orders", orders);
}

fn fill_files(database: &mut Database, seed: Seed) -> BTreeMap<String, Vec<u8>> {
    let mut uploads = BTreeMap::new();
    if database.table("attachments").is_none() {
        return uploads;
    }
    let count = if seed == Seed::Production { 12 } else { 5 };
    for place in 1..=count {
        let filename = format!("delivery-note-{place:03}.txt");
        let content = format!(
            "Delivery note {place}\nOrder {}\nReceived in good condition.\n",
            place * 3
        );
        add(
            database,
            "attachments",
            json!([{
                "title": format!("delivery-note-{place:03}"), "filename": filename, "extname": ".txt",
                "size": content.len(), "mimetype": "text/plain", "path": "",
                "url": format!("/storage/uploads/{filename}"), "orderId": place * 3,
                "storageId": 399_183_583_051_776_i64, "createdAt": INSTALLED_AT,
            }]),
        );
        uploads.insert(filename, content.into_bytes());
    }
    uploads
}

/// Fixed numbers that look thrown.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit.max(1)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Seed, Settings};
    use crate::{archive, package, seed};

    #[test]
    fn the_environments_differ_and_survive_a_dump() {
        let counts = |seed| {
            seed::state("x", seed, Settings::default())
                .database
                .rows("orders")
                .len()
        };
        assert_eq!(
            [Seed::Development, Seed::Testing, Seed::Production].map(counts),
            [128, 37, 512]
        );
        let state = seed::state("dev", Seed::Development, Settings::default());
        let restored = archive::restore(&package::safety_dump(&state.database)).expect("restores");
        assert_eq!(restored.failures, Vec::<String>::new());
        for (name, table) in state.database.tables() {
            assert_eq!(restored.database.table(name), Some(table), "{name}");
        }
    }
}
