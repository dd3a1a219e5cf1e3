// Package gpconnect looks at one patient's appointments in a GP practice's system
// through GP Connect Appointment Management (FHIR STU3), in the moment before a text:
// is the visit still booked, at the same time? It is a checker beside the source
// that reads the diary, since GP Connect shows one patient at a time and its rules
// forbid to read a practice's whole diary. It also cancels one appointment, where the
// practice has switched that on.
//
// Its rules want every question asked in the name of the person who is logged on. A
// machine that asks by the clock has no such person: the configuration does not go
// without a named one and the agreement under which this is done.
package gpconnect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"bellman/adapters/beside"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// Limits of one exchange. A text waits ten seconds for all of them; the providers
// are bound to answer within three.
const (
	timeout = 4 * time.Second
	maxBody = 4 << 20
)

// Adapter looks at the appointments of one practice. It is a gateway.Checker and a
// gateway.Canceller, safe for concurrent use.
type Adapter struct {
	*beside.Memory[truth]
	config  Config
	env     gateway.Surroundings
	root    string   // the provider's, as requests are counted from it
	base    *url.URL // the same, for references
	out     *outbound.Client
	address string // before every path: the proxy and the root
}

var (
	_ beside.Remembering = (*Adapter)(nil)
	_ gateway.Canceller  = (*Adapter)(nil)
)

// New makes the checker of one practice. It asks nothing yet. The error joins every
// fault of the section.
func New(c Config, env gateway.Surroundings) (*Adapter, error) {
	c = c.withDefaults()
	var faults []error
	for _, f := range c.Check(env.Trial) {
		faults = append(faults, f)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	root := strings.TrimRight(c.BaseURL, "/")
	base, err := url.Parse(root)
	if err != nil {
		return nil, gateway.Fault{Path: "base_url", Problem: "is not a web address"}
	}
	options, err := c.TLS.options()
	if err != nil {
		return nil, err
	}
	options.Local, options.Timeout, options.MaxBody, options.Turn = env.Trial, timeout, maxBody, env.Turn
	for _, n := range c.Networks {
		if prefix, err := netip.ParsePrefix(n); err == nil {
			options.Private = append(options.Private, prefix)
		}
	}
	a := &Adapter{config: c, env: env, root: root, base: base, out: outbound.New(options), address: root}
	if c.SSP != "" {
		// The proxy takes the whole address of the provider for a path, its two
		// slashes included: nothing may clean it up on the way.
		a.address = strings.TrimRight(c.SSP, "/") + "/" + root
	}
	a.Memory, err = beside.NewMemory(beside.Options[truth]{
		Name: "gpconnect", Shelf: env.Shelf, Clock: env.Clock,
		Key: key, Without: a.without, Ask: a.ask, Lay: lay, Fresh: c.Fresh, Cache: c.Cache,
	})
	return a, err
}

// CloseIdle drops idle connections, for an orderly stop.
func (a *Adapter) CloseIdle() { a.out.CloseIdle() }

// options gives what a client needs to be let in.
func (t TLS) options() (outbound.Options, error) {
	var o outbound.Options
	if !t.Cert.IsZero() {
		pair, err := tls.X509KeyPair([]byte(t.Cert.Reveal()), []byte(t.Key.Reveal()))
		if err != nil {
			return o, gateway.Fault{Path: "tls.cert", Problem: "is no certificate that belongs to the key, both in PEM form"}
		}
		o.Certificates = []tls.Certificate{pair}
	}
	if !t.CA.IsZero() {
		o.Roots = x509.NewCertPool()
		if !o.Roots.AppendCertsFromPEM([]byte(t.CA.Reveal())) {
			return o, gateway.Fault{Path: "tls.ca", Problem: "holds no certificate in PEM form"}
		}
	}
	return o, nil
}
