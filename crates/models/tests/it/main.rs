//! Claims about the models.

mod recommend;
mod segments;
mod segments_uci;
mod value;
mod value_cdnow;
