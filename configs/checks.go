package configs

import "fmt"

// checksOf gives the sections of what is asked beside a practice's source.
func checksOf(all []later, path string, from files, out *report) []Source {
	made := make([]Source, 0, len(all))
	for i, l := range all {
		made = append(made, sectionOf(l, fmt.Sprintf("%s[%d]", path, i), from, out, sectionWords{
			nothing: "is empty: say what is asked, such as {type: pds, ...}, or remove the dash",
			noType:  "is missing: say what is asked, such as pds",
			notWord: "must be one word, such as pds",
		}))
	}
	return made
}

// sectionWords say what is wrong with a section that an adapter reads.
type sectionWords struct{ nothing, noType, notWord string }

// sectionOf looks at the type of an adapter's section; the rest is the adapter's.
func sectionOf(l later, path string, from files, out *report, words sectionWords) Source {
	made := Source{Path: path, node: l.node, from: from}
	switch {
	case l.node == nil || l.node.shape == empty:
		out.fault(path, words.nothing)
	case l.node.unread:
	case l.node.shape != mapping:
		out.unreadable(path, "must be keys with values, type first")
	default:
		kind := l.node.get("type")
		switch {
		case kind == nil || kind.shape == empty:
			out.fault(under(path, "type"), words.noType)
		case kind.shape != scalar:
			out.fault(under(path, "type"), words.notWord)
		default:
			made.Type = kind.text
		}
	}
	return made
}
