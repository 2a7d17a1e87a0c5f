mod credentials;
mod policy;
