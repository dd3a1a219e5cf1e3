// Package fhir reads a clinic's diary from a FHIR server: hospital systems such as
// Oracle Health Millennium, integration engines and portals that offer Appointment
// and Patient resources, in R4 or STU3. What the resources mean is read by
// adapters/fhirshape. It never writes.
//
// The way of a read: search Appointment by date, follow the pages, find each
// appointment's patient among what came along or ask for it, and translate. A
// page that cannot be had fails the whole read; a record that cannot be read is
// listed and stops no other.
package fhir

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// Adapter is one clinic's FHIR server as a gateway.Source and gateway.Rereader.
// It is safe for concurrent use.
type Adapter struct {
	client *client
	query  Query
	server string
	lists  map[string][]string // the parameters of which each search asks for a part
	// patients says how those that do not come along are asked for.
	patients string
	shelf    gateway.Shelf // set where they are remembered
	window   int
	trial    bool
}

// New makes an adapter. It does not go to the network; the error is the first
// fault of the section.
func New(c Config, env gateway.Surroundings) (*Adapter, error) {
	if faults := c.Check(env.Trial); len(faults) > 0 {
		return nil, faults[0]
	}
	base, err := url.Parse(strings.TrimRight(c.BaseURL, "/"))
	if err != nil {
		return nil, gateway.Fault{Path: "base_url", Problem: "is not a web address"}
	}
	options := outbound.Options{Local: env.Trial, Timeout: timeout, Turn: env.Turn, Dated: env.Dated}
	for _, n := range c.Networks {
		prefix, err := netip.ParsePrefix(n)
		if err != nil {
			return nil, gateway.Fault{Path: "networks", Problem: "is not a network"}
		}
		options.Private = append(options.Private, prefix)
	}
	cl := &client{base: base, out: outbound.New(options), clock: env.Clock}
	cred, _ := c.credentials()
	if cl.auth, err = newAuthoriser(c.Auth.Type, cred, cl); err != nil {
		return nil, err
	}
	window := c.Window
	if window == 0 {
		window = defaultWindow
	}
	var shelf gateway.Shelf
	if c.Patients == patientsChanged {
		if shelf = env.Shelf; shelf == nil {
			return nil, gateway.Fault{Path: "patients", Problem: "cannot be changed here: there is nowhere to remember them"}
		}
	}
	return &Adapter{client: cl, query: c.Query, server: c.Server, lists: c.lists(), patients: c.Patients, shelf: shelf, window: window, trial: env.Trial}, nil
}

func newAuthoriser(kind string, c Credentials, cl *client) (authoriser, error) {
	switch kind {
	case authBearer:
		return fixed{func(r *http.Request) { r.Header.Set("Authorization", bearer(c.Token)) }}, nil
	case authBasic:
		return fixed{func(r *http.Request) { r.SetBasicAuth(c.User, c.Password.Reveal()) }}, nil
	case authSMART:
		return newSmart(c, cl)
	}
	return fixed{func(*http.Request) {}}, nil
}

var _ interface {
	gateway.Source
	gateway.Rereader
} = (*Adapter)(nil)

// CloseIdle drops idle connections, for an orderly stop.
func (s *Adapter) CloseIdle() { s.client.out.CloseIdle() }
