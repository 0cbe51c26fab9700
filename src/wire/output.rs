//! stub
use super::record::*;
pub struct Outputs;
impl Outputs {
    pub fn records(&self, o: &crate::domain::output::Output, sink: &mut Vec<OutRecord>) {
        let _ = (o, sink);
    }
}
