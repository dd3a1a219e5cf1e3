package fhir

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
)

// The kinds of server, by what their search for appointments asks for and bears.
const (
	serverStandard = "standard"
	// serverMillennium is Oracle Health (Cerner) Millennium. It demands one of
	// location and practitioner, once and not both, besides a pair of dates; what
	// else it is asked for may be refused, so it is asked for nothing else.
	serverMillennium = "millennium"
)

// idsPerSearch is how many places or clinicians one search asks for, so that its
// address stays well below what servers and proxies take; mostIDs bounds the
// searches of a read.
const (
	idsPerSearch = 20
	mostIDs      = 400
)

// lists are the parameters that a section gives as a list.
func (c Config) lists() map[string][]string {
	return map[string][]string{"location": c.Locations, "practitioner": c.Practitioners}
}

// checkSearch lists what is wrong with what is to be asked for.
func (c Config) checkSearch() []gateway.Fault {
	var faults []gateway.Fault
	add := func(path, problem string) { faults = append(faults, gateway.Fault{Path: path, Problem: problem}) }
	switch c.Server {
	case "", serverStandard, serverMillennium:
	default:
		add("server", "must be standard or millennium")
	}
	switch c.Patients {
	case "", patientsEach, patientsBatch, patientsChanged:
	default:
		add("patients", "must be each, batch or changed")
	}
	for _, name := range []string{"location", "practitioner"} {
		ids := c.lists()[name]
		path := name + "s"
		if len(ids) > mostIDs {
			add(path, fmt.Sprintf("must be at most %d", mostIDs))
		}
		seen := map[string]bool{}
		for i, id := range ids {
			switch at := fmt.Sprintf("%s[%d]", path, i); {
			case !fhirshape.ValidID(id):
				add(at, "is not an id of the server: letters, figures, - and . only, without the "+strings.ToUpper(name[:1])+name[1:]+"/ before it")
			case seen[id]:
				add(at, "stands there twice")
			}
			seen[id] = true
		}
		if _, ok := c.Query[name]; ok && (len(ids) > 0 || c.Server == serverMillennium) {
			add("query."+name, "must stand in "+path+" instead")
		}
	}
	if len(c.Locations) > 0 && len(c.Practitioners) > 0 {
		add("practitioners", "must not be given together with locations: a server that takes both would give only what fits both")
	}
	if c.Server != serverMillennium {
		return faults
	}
	if len(c.Locations)+len(c.Practitioners) == 0 {
		add("locations", "is missing: Millennium asks for locations or practitioners; the trust tells their ids")
	}
	for _, name := range []string{"patient", "_id"} {
		if _, ok := c.Query[name]; ok {
			add("query."+name, "is not taken by Millennium together with locations or practitioners; remove it")
		}
	}
	return faults
}

// questions are the searches that make up one read, each to be asked with all its
// pages. Dates carry their zone, since a bare day would be one of the server's own
// zone. A parameter of the configuration takes the place of ours; an empty one
// leaves it out.
func (s *Adapter) questions(span gateway.Span) []url.Values {
	q := url.Values{"_count": {"100"}}
	if s.server != serverMillennium {
		q["_include"] = []string{"Appointment:patient", "Appointment:location"}
	}
	maps.Copy(q, url.Values(s.query))
	for name, values := range q {
		if q[name] = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" }); len(q[name]) == 0 {
			delete(q, name)
		}
	}
	from, to := span.From.UTC().Truncate(time.Second), span.To.UTC().Add(time.Second-1).Truncate(time.Second)
	q["date"] = []string{"ge" + from.Format(time.RFC3339), "lt" + to.Format(time.RFC3339)}
	var out []url.Values
	for name, ids := range s.lists {
		for some := range slices.Chunk(ids, idsPerSearch) {
			one := maps.Clone(q)
			one[name] = []string{strings.Join(some, ",")}
			out = append(out, one)
		}
	}
	if out == nil {
		return []url.Values{q}
	}
	return out
}
