package xethash

// Node is the node over children, as one group.
func Node(children []Leaf) Leaf { return new(Tree).node(children) }
