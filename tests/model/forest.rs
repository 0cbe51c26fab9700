//! Connected components over indices: a union-find without ambition.

#[derive(Clone, Debug, Default)]
pub struct Forest {
    parent: Vec<usize>,
}

impl Forest {
    pub fn new(count: usize) -> Self {
        Forest { parent: (0..count).collect() }
    }

    /// Adds an element that is alone.
    pub fn add(&mut self) -> usize {
        self.parent.push(self.parent.len());
        self.parent.len() - 1
    }

    pub fn root(&mut self, mut index: usize) -> usize {
        while self.parent[index] != index {
            self.parent[index] = self.parent[self.parent[index]];
            index = self.parent[index];
        }
        index
    }

    pub fn join(&mut self, left: usize, right: usize) {
        let (left, right) = (self.root(left), self.root(right));
        self.parent[left.max(right)] = left.min(right);
    }
}
