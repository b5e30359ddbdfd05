//! Whole packages, inspected as a user's would be.

mod bad;
mod bad_content;
mod bad_zip;
mod encrypted;
mod good;
mod judge;
mod random;
