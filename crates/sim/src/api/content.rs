//! What every table has: list, get, query, create, update, destroy.

use std::cmp::Ordering;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::access::Scope;
use super::call::{Call, Parameters};
use super::reply::Reply;
use super::visible;
use crate::clock;
use crate::database::{Row, Table, text_of};
use crate::seed::password_hash;

/// `X:list`.
pub(super) fn list(call: &Call) -> Reply {
    let table_name = call.target.resource.as_str();
    let state = call.world.state();
    let Some(table) = state.database.table(table_name) else {
        return Reply::table_missing();
    };
    let own = call.who.as_ref().and_then(|who| {
        let scope = who.scope(call.route.access, table_name, &state);
        (scope == Some(Scope::Own))
            .then(|| who.user.get("id").cloned())
            .flatten()
    });
    if own.is_some() && !table.has_column("createdById") {
        return Reply::forbidden();
    }
    let rows = table
        .rows
        .iter()
        .filter(|row| own.is_none() || row.get("createdById") == own.as_ref());
    for name in unknown_fields(&call.parameters, table) {
        call.violation(format_args!("no field `{name}`"));
    }
    match filtered(rows.cloned().collect(), &call.parameters) {
        Ok(mut rows) => {
            rows.sort_by(|one, other| compare(one.get(table.key()), other.get(table.key())));
            let hidden = rows.into_iter().filter_map(|row| match visible(row, table_name) {
                Value::Object(row) => Some(row),
                _ => None,
            });
            let reply = page(&call.parameters, hidden.collect(), table.key());
            if table_name == "environmentVariables" {
                with_meta(reply, "updated", json!(false))
            } else {
                reply
            }
        }
        Err(operator) => {
            call.violation(format_args!("unknown filter `{operator}`"));
            Reply::error(500, format!("unsupported operator {operator}"))
        }
    }
}

fn with_meta(reply: Reply, name: &str, value: Value) -> Reply {
    let Reply::Json(status, Value::Object(mut body)) = reply else {
        return reply;
    };
    let meta = body.entry("meta").or_insert_with(|| json!({}));
    if let Value::Object(meta) = meta {
        meta.insert(name.to_owned(), value);
    }
    Reply::Json(status, Value::Object(body))
}

fn unknown_fields(parameters: &Parameters, table: &Table) -> Vec<String> {
    let sorted = parameters
        .many("sort")
        .into_iter()
        .map(|name| name.trim_start_matches('-').to_owned());
    let named = parameters.many("fields").into_iter().chain(sorted);
    named.filter(|name| !table.has_column(name)).collect()
}

/// Sorts, cuts and narrows rows, and wraps them.
pub(super) fn page(parameters: &Parameters, mut rows: Vec<Row>, key: &str) -> Reply {
    let orders = parameters.many("sort");
    let order = |one: &Row, other: &Row| {
        let by = orders.iter().map(|name| match name.strip_prefix('-') {
            Some(name) => compare(other.get(name), one.get(name)),
            None => compare(one.get(name), other.get(name)),
        });
        by.fold(Ordering::Equal, Ordering::then)
    };
    rows.sort_by(order);
    if let Some(wanted) = parameters.query("filterByTk") {
        rows.retain(|row| text_of(row.get(key)) == wanted);
    }
    let count = rows.len();
    let paginate = parameters.query("paginate") != Some("false");
    let number = |name: &str, otherwise: usize| {
        parameters
            .query(name)
            .and_then(|value| value.parse().ok())
            .filter(|value| *value > 0)
            .unwrap_or(otherwise)
    };
    let (page, page_size) = (number("page", 1), number("pageSize", 20));
    if paginate {
        rows = rows
            .into_iter()
            .skip((page - 1) * page_size)
            .take(page_size)
            .collect();
    }
    let data: Vec<Value> = rows
        .into_iter()
        .map(|row| Value::Object(narrowed(row, parameters)))
        .collect();
    if !paginate {
        return Reply::data(Value::Array(data));
    }
    let meta = json!({
        "count": count, "page": page, "pageSize": page_size, "totalPage": count.div_ceil(page_size),
    });
    Reply::Json(StatusCode::OK, json!({"data": data, "meta": meta}))
}

fn narrowed(row: Row, parameters: &Parameters) -> Row {
    let wanted = parameters.many("fields");
    let unwanted = parameters.many("except");
    let appended = parameters.many("appends");
    // what a collection's list always carries
    let always = ["filterTargetKey", "unavailableActions"];
    row.into_iter()
        .filter(|(name, _)| {
            let asked = wanted.is_empty() || wanted.contains(name) || appended.contains(name);
            (asked || always.contains(&name.as_str())) && !unwanted.contains(name)
        })
        .collect()
}

fn compare(one: Option<&Value>, other: Option<&Value>) -> Ordering {
    match (one.and_then(Value::as_f64), other.and_then(Value::as_f64)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => text_of(one).cmp(&text_of(other)),
    }
}

/// The rows that the `filter` parameter leaves, or the operator that is not known here.
fn filtered(rows: Vec<Row>, parameters: &Parameters) -> Result<Vec<Row>, String> {
    let given = parameters
        .query("filter")
        .and_then(|filter| serde_json::from_str::<Value>(filter).ok());
    let Some(Value::Object(filter)) = given.or_else(|| parameters.body.get("filter").cloned()) else {
        return Ok(rows);
    };
    let mut left = Vec::new();
    for row in rows {
        if passes(&row, &filter)? {
            left.push(row);
        }
    }
    Ok(left)
}

fn passes(row: &Row, filter: &Map<String, Value>) -> Result<bool, String> {
    for (name, condition) in filter {
        let passed = match (name.as_str(), condition) {
            ("$and", Value::Array(parts)) => all(row, parts)?.into_iter().all(|one| one),
            ("$or", Value::Array(parts)) => all(row, parts)?.into_iter().any(|one| one),
            (_, Value::Object(operators)) => {
                let mut every = true;
                for (operator, operand) in operators {
                    every &= holds(row.get(name), operator, operand)?;
                }
                every
            }
            (_, operand) => holds(row.get(name), "$eq", operand)?,
        };
        if !passed {
            return Ok(false);
        }
    }
    Ok(true)
}

fn all(row: &Row, parts: &[Value]) -> Result<Vec<bool>, String> {
    parts
        .iter()
        .filter_map(Value::as_object)
        .map(|part| passes(row, part))
        .collect()
}

fn holds(value: Option<&Value>, operator: &str, operand: &Value) -> Result<bool, String> {
    let order = compare(value, Some(operand));
    let among = || {
        operand
            .as_array()
            .is_some_and(|list| list.iter().any(|one| text_of(Some(one)) == text_of(value)))
    };
    Ok(match operator {
        "$eq" => text_of(value) == text_of(Some(operand)),
        "$ne" => text_of(value) != text_of(Some(operand)),
        "$gt" => order == Ordering::Greater,
        "$gte" => order != Ordering::Less,
        "$lt" => order == Ordering::Less,
        "$lte" => order != Ordering::Greater,
        "$in" => among(),
        "$notIn" => !among(),
        "$includes" => text_of(value).contains(&text_of(Some(operand))),
        "$startsWith" => text_of(value).starts_with(&text_of(Some(operand))),
        "$empty" => value.is_none_or(Value::is_null),
        other => return Err(other.to_owned()),
    })
}

/// `X:get`: the row of a key, the first one without; 204 when there is none.
pub(super) fn get(call: &Call) -> Reply {
    let state = call.world.state();
    let Some(table) = state.database.table(&call.target.resource) else {
        return Reply::table_missing();
    };
    let row = match call.key() {
        Some(key) => table.find(&key),
        None => table.rows.first(),
    };
    match row {
        Some(row) => Reply::data(visible(
            narrowed(row.clone(), &call.parameters),
            &call.target.resource,
        )),
        None => Reply::Nothing,
    }
}

/// `X:query`: aggregates over one table.
pub(super) fn query(call: &Call) -> Reply {
    let state = call.world.state();
    let Some(table) = state.database.table(&call.target.resource) else {
        return Reply::table_missing();
    };
    let measures = call
        .parameters
        .body
        .get("measures")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut answer = Map::new();
    for measure in &measures {
        let field = match measure.get("field") {
            Some(Value::Array(path)) => path.first().map(|one| text_of(Some(one))).unwrap_or_default(),
            other => text_of(other),
        };
        if !table.has_column(&field) {
            return Reply::forbidden();
        }
        let values = || {
            table
                .rows
                .iter()
                .filter_map(|row| row.get(&field))
                .filter(|value| !value.is_null())
        };
        let aggregate = match measure
            .get("aggregation")
            .and_then(Value::as_str)
            .unwrap_or_default()
        {
            "count" => json!(values().count()),
            "sum" => json!(values().filter_map(Value::as_f64).sum::<f64>()),
            "max" => values()
                .max_by(|one, other| compare(Some(one), Some(other)))
                .cloned()
                .unwrap_or_default(),
            "min" => values()
                .min_by(|one, other| compare(Some(one), Some(other)))
                .cloned()
                .unwrap_or_default(),
            other => {
                call.violation(format_args!("unknown aggregation `{other}`"));
                return Reply::error(500, format!("Invalid aggregation {other}"));
            }
        };
        let alias = measure
            .get("alias")
            .map(|alias| text_of(Some(alias)))
            .unwrap_or(field);
        answer.insert(alias, aggregate);
    }
    Reply::data(json!([answer]))
}

/// `X:create`.
pub(super) fn create(call: &Call) -> Reply {
    let now = clock::iso_now();
    let table_name = call.target.resource.as_str();
    let user = call.who.as_ref().and_then(|who| who.user.get("id").cloned());
    let mut state = call.world.state();
    let Some(table) = state.database.table_mut(table_name) else {
        return Reply::table_missing();
    };
    let mut row = stored(call, table);
    let taken = row
        .get(table.key())
        .is_some_and(|key| table.find(&text_of(Some(key))).is_some());
    if taken {
        return Reply::error(400, format!("{} must be unique", table.key()));
    }
    for column in ["createdById", "updatedById"] {
        if let (true, Some(user)) = (table.has_column(column), &user) {
            row.insert(column.to_owned(), user.clone());
        }
    }
    let inserted = table.insert(row, &now);
    if let Some(Value::Array(roles)) = call
        .parameters
        .body
        .get("roles")
        .filter(|_| table_name == "users")
    {
        for role in roles {
            let membership = json!({"roleName": role.get("name"), "userId": inserted.get("id")});
            if let Value::Object(membership) = membership {
                state.database.insert("rolesUsers", membership, &now);
            }
        }
    }
    let mut shown = visible(inserted, table_name);
    if let (Some(roles), Value::Object(members)) = (call.parameters.body.get("roles"), &mut shown) {
        members.insert("roles".to_owned(), roles.clone());
    }
    Reply::data(shown)
}

/// `X:update`: answers the changed rows.
pub(super) fn update(call: &Call) -> Reply {
    let Some(key) = call.key() else {
        return Reply::error(500, "to do update action, filter or filterByTk is required");
    };
    let mut state = call.world.state();
    let Some(table) = state.database.table_mut(&call.target.resource) else {
        return Reply::table_missing();
    };
    let changes = stored(call, table);
    let stamped = table.has_column("updatedAt");
    let Some(row) = table.find_mut(&key) else {
        return Reply::data(json!([]));
    };
    row.extend(changes);
    if stamped {
        row.insert("updatedAt".to_owned(), clock::iso_now().into());
    }
    Reply::data(json!([visible(row.clone(), &call.target.resource)]))
}

/// `X:destroy`: answers how many rows went.
pub(super) fn destroy(call: &Call) -> Reply {
    let Some(key) = call.key() else {
        return Reply::error(500, "to do destroy action, filter or filterByTk is required");
    };
    let mut state = call.world.state();
    let Some(table) = state.database.table_mut(&call.target.resource) else {
        return Reply::table_missing();
    };
    Reply::data(json!(table.remove(&key)))
}

/// The members of the body that the table has columns for; any other is a violation.
fn stored(call: &Call, table: &Table) -> Row {
    let mut row = Row::new();
    for (name, value) in &call.parameters.body {
        if name == "password" && call.target.resource == "users" {
            row.insert(name.clone(), json!(password_hash(&text_of(Some(value)))));
        } else if table.has_column(name) {
            row.insert(name.clone(), value.clone());
        } else if name != "roles" || call.target.resource != "users" {
            call.violation(format_args!("no field `{name}`"));
        }
    }
    row
}
