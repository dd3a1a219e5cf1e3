package configs

import "bellman/gateway"

// Source is a practice's source section, as it was written but for variables.
// The adapter's own struct says what belongs into it.
type Source struct {
	Type string // the adapter's name, such as "emis"
	Path string // where the section stands, such as "practices[0].source"
	node *node
	from files
}

// Decode puts the section into an adapter's Config, a pointer to a struct with
// yaml tags, strictly: a key that the struct does not have is a fault. Any KEY
// may be given as KEY_file, and the adapter's own paths (dir, path, file and
// whatever ends in _file or _dir) come out absolute. Faults carry whole paths,
// such as "practices[0].source.base_url".
func (s Source) Decode(into any) []gateway.Fault {
	out := &report{}
	rest := &node{shape: mapping}
	if s.node != nil {
		for _, e := range s.node.entries {
			if e.key != "type" {
				rest.entries = append(rest.entries, e)
			}
		}
	}
	bindInto(into, rest, s.Path, binder{out: out, files: s.from, section: true})
	return out.faults
}
