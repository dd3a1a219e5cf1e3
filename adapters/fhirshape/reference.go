package fhirshape

import (
	"encoding/json"
	"net/url"
	"strings"
)

// Reference is how one resource names another. FHIR allows five ways: a relative
// address, an absolute one, a urn, a resource contained in the one that names it,
// and a business identifier; some systems give only words. STU3 has no Type.
type Reference struct {
	Reference  Word            `json:"reference"`
	Type       Word            `json:"type"`
	Identifier json.RawMessage `json:"identifier"`
}

// UnmarshalJSON takes a plain text for the address of the resource, too.
func (r *Reference) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*r = Reference{}
		return r.Reference.UnmarshalJSON(b)
	}
	type plain Reference
	return json.Unmarshal(b, (*plain)(r))
}

// Pointer is a reference taken apart. At most one of ID, Contained, URL and
// Identifier leads to the resource.
type Pointer struct {
	Kind       string // "Patient", "Location", ...; empty when the reference does not say
	ID         string // on the server that was asked
	Contained  string // id of a resource inside the one that points
	URL        string // a urn, or an address on another server
	Identifier Identifier
}

// Key tells the resources that pointers lead to apart.
func (p Pointer) Key() string {
	return strings.Join([]string{p.ID, p.Contained, p.URL, p.Identifier.System.Value, p.Identifier.Value.Value}, "|")
}

// Words reports whether there is nothing but a display text.
func (p Pointer) Words() bool {
	return p.ID == "" && p.Contained == "" && p.URL == "" && p.Identifier.Value.Value == ""
}

// Point takes a reference apart, seen from a server at base (without a slash at its
// end). A version that is named is left aside: what counts is the record as it is.
func (r Reference) Point(base *url.URL) Pointer {
	p := Pointer{Kind: r.Type.Value[strings.LastIndex(r.Type.Value, "/")+1:]}
	switch s := r.Reference.Value; {
	case s == "":
		p.Identifier = single(r.Identifier)
		if p.Kind == "" && p.Identifier.System.Value == NHSNumber {
			p.Kind = "Patient"
		}
	case strings.HasPrefix(s, "#"):
		p.Contained = s[1:]
	case strings.HasPrefix(s, "urn:"), strings.Contains(s, "://"):
		p.URL = Address(s)
		if local, ok := below(base, p.URL); ok && p.literal(local) {
			p.URL = "" // of this server, however it was written
		} else if parts := strings.Split(p.URL, "/"); len(parts) > 2 && p.Kind == "" {
			p.Kind = parts[len(parts)-2]
		}
	default:
		p.literal(s)
	}
	return p
}

// literal reads "Patient/123" and "Patient/123/_history/4". It reports false for
// anything else.
func (p *Pointer) literal(s string) bool {
	kind, id, ok := strings.Cut(withoutHistory(s), "/")
	if !ok || !ValidID(id) {
		return false
	}
	p.Kind, p.ID = kind, id
	return true
}

// below gives what of an address lies below base, whichever way the host and its
// port are written.
func below(base *url.URL, address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.RawQuery != "" || !SameServer(base, u) {
		return "", false
	}
	return strings.CutPrefix(u.Path, strings.TrimSuffix(base.Path, "/")+"/")
}

// SameServer reports whether two addresses are of one server: the same scheme, host
// and port, whether or not the port is written.
func SameServer(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	default:
		return "80"
	}
}

// Address is the one form in which a full address or a urn is compared: without a
// version, and a UUID in small letters.
func Address(s string) string {
	s = withoutHistory(s)
	if len(s) > 9 && strings.EqualFold(s[:9], "urn:uuid:") {
		return strings.ToLower(s)
	}
	return s
}

func withoutHistory(s string) string {
	before, _, _ := strings.Cut(s, "/_history/")
	return before
}

// ValidID reports whether s is an id as FHIR allows it, so that it is safe in a
// path.
func ValidID(s string) bool {
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
func single(raw json.RawMessage) Identifier {
	var one One[Identifier]
	if !Said(raw) || one.UnmarshalJSON(raw) != nil || one.Bad {
		return Identifier{}
	}
	return one.Value
}
