//! Packages: skeleton.
