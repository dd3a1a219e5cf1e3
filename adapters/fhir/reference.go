package fhir

import (
	"encoding/json"
	"net/url"
	"strings"
)

// reference is how a participant names its actor. FHIR allows five ways: a
// relative address, an absolute one, a urn, a resource contained in the
// appointment, and a business identifier; some systems give only words.
type reference struct {
	Reference  string          `json:"reference"`
	Type       string          `json:"type"`
	Identifier json.RawMessage `json:"identifier"`
}

// pointer is a reference taken apart. At most one of id, contained, url and
// identifier leads to the resource.
type pointer struct {
	kind       string     // "Patient", "Location", ...; empty when the reference does not say
	id         string     // on this server
	contained  string     // id of a resource inside the appointment
	url        string     // a urn, or an address on another server
	identifier identifier // a business identifier
}

// key tells the resources that pointers lead to apart.
func (p pointer) key() string {
	return strings.Join([]string{p.id, p.contained, p.url, p.identifier.System, p.identifier.Value}, "|")
}

// words reports whether there is nothing but a display text.
func (p pointer) words() bool {
	return p.id == "" && p.contained == "" && p.url == "" && p.identifier.Value == ""
}

// point takes a reference apart, seen from a server at base.
func (r reference) point(base *url.URL) pointer {
	p := pointer{kind: r.Type}
	switch s := r.Reference; {
	case s == "":
		p.identifier = single(r.Identifier)
		if p.kind == "" && p.identifier.System == nhsNumber {
			p.kind = "Patient"
		}
	case strings.HasPrefix(s, "#"):
		p.contained = s[1:]
	case strings.HasPrefix(s, "urn:"):
		p.url = s
	case strings.Contains(s, "://"):
		p.url = withoutHistory(s)
		if local, ok := strings.CutPrefix(s, base.String()+"/"); ok {
			p.literal(local)
		} else if parts := strings.Split(p.url, "/"); len(parts) > 2 && p.kind == "" {
			p.kind = parts[len(parts)-2]
		}
	default:
		p.literal(s)
	}
	return p
}

// literal reads "Patient/123" and "Patient/123/_history/4".
func (p *pointer) literal(s string) {
	kind, id, ok := strings.Cut(withoutHistory(s), "/")
	if ok && validID(id) {
		p.kind, p.id = kind, id
	}
}

func withoutHistory(s string) string {
	before, _, _ := strings.Cut(s, "/_history/")
	return before
}

// validID reports whether s is an id as FHIR allows it, so that it is safe in a
// path.
func validID(s string) bool {
	if s == "" || len(s) > 64 || s == "." || s == ".." {
		return false
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' {
			return false
		}
	}
	return true
}

// single reads an identifier. Some systems give a list where FHIR allows one; a
// list of one is taken, a longer one leads nowhere.
func single(raw json.RawMessage) identifier {
	var one identifier
	if json.Unmarshal(raw, &one) == nil {
		return one
	}
	var list []identifier
	if json.Unmarshal(raw, &list) == nil && len(list) == 1 {
		return list[0]
	}
	return identifier{}
}
